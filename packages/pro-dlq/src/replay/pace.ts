import type { Clock } from "@baldur/core/plugin";

export interface PaceOptions {
  readonly clock: Clock;
  /** Per second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly rampUp: number;
}

/** The share of the rate with which a ramp begins. */
const FIRST_SHARE = 0.1;
/** Seconds' worth that may be made up for at once. */
const BURST = 0.1;

/** Leave to go on, so many times per second; after a recovery it begins with a tenth and grows. */
export class Pace {
  readonly #began: number;
  #tokens = 1;
  #updated: number;

  constructor(private readonly options: PaceOptions) {
    this.#began = options.clock.monotonic();
    this.#updated = this.#began;
  }

  /** Takes one leave. Answers the milliseconds to wait before asking again; 0: it was given. */
  take(): number {
    const now = this.options.clock.monotonic();
    const rate = this.rateAt(now);
    const earned = ((now - this.#updated) / 1000) * rate;
    this.#tokens = Math.min(this.#tokens + earned, Math.max(1, rate * BURST));
    this.#updated = now;
    if (this.#tokens >= 1) {
      this.#tokens--;
      return 0;
    }
    return Math.max(1, Math.ceil(((1 - this.#tokens) / rate) * 1000));
  }

  /** A leave that was not used. */
  giveBack(): void {
    this.#tokens++;
  }

  /** Per second, at this monotonic time. */
  rateAt(now: number): number {
    const { rate, rampUp } = this.options;
    if (rampUp === 0) return rate;
    const share = Math.min(1, (now - this.#began) / rampUp);
    return rate * (FIRST_SHARE + (1 - FIRST_SHARE) * share);
  }
}
