import type { RetryBudgetSettings } from "./settings.js";

const SECONDS = 10;
const SECOND = 1000;

/** A budget as it stands. @public */
export interface RetryBudgetState {
  /** Of the last ten seconds. */
  readonly calls: number;
  readonly retries: number;
  /** Retries that are allowed for these calls. */
  readonly allowed: number;
}

/**
 * Bounds the retries of the last ten seconds by a share of the calls of the same time, with a floor for quiet times. One
 * bucket per second, rotated when used, so an idle budget forgets without a timer.
 */
export class RetryBudget {
  readonly #calls = new Int32Array(SECONDS);
  readonly #retries = new Int32Array(SECONDS);
  #second = 0;
  #bucket = 0;
  #gathered = 0;
  #gatheredAt = 0;

  constructor(
    /** Percentage. */
    private readonly ratio: number,
    private readonly minimumPerSecond: number,
  ) {}

  /** Counts a call. Those of one reading of the clock are gathered: most only add to a counter. */
  call(now: number): void {
    if (now !== this.#gatheredAt) this.#count();
    this.#gatheredAt = now;
    this.#gathered++;
  }

  /** Takes one retry, if one is left. */
  take(now: number): boolean {
    const { retries, allowed } = this.state(now);
    if (retries + 1 > allowed) return false;
    this.#retries[this.#bucket] = (this.#retries[this.#bucket] as number) + 1;
    return true;
  }

  state(now: number): RetryBudgetState {
    this.#count();
    this.#rotate(now);
    const calls = sum(this.#calls);
    const allowed = Math.max((calls * this.ratio) / 100, this.minimumPerSecond * SECONDS);
    return { calls, retries: sum(this.#retries), allowed };
  }

  #count(): void {
    if (this.#gathered === 0) return;
    this.#rotate(this.#gatheredAt);
    this.#calls[this.#bucket] = (this.#calls[this.#bucket] as number) + this.#gathered;
    this.#gathered = 0;
  }

  #rotate(now: number): void {
    const second = Math.floor(now / SECOND);
    const passed = Math.min(second - this.#second, SECONDS);
    for (let step = 0; step < passed; step++) {
      this.#bucket = (this.#bucket + 1) % SECONDS;
      this.#calls[this.#bucket] = 0;
      this.#retries[this.#bucket] = 0;
    }
    if (passed > 0) this.#second = second;
  }
}

/** The budget of the process, and those of names that have their own. */
export class RetryBudgets {
  readonly #shared: RetryBudget;
  readonly #own = new Map<string, RetryBudget>();

  constructor(private readonly settings: RetryBudgetSettings) {
    const { ratio, minimumPerSecond, overrides } = settings;
    this.#shared = new RetryBudget(ratio, minimumPerSecond);
    for (const [name, own] of Object.entries(overrides)) {
      this.#own.set(name, new RetryBudget(own.ratio ?? ratio, own.minimumPerSecond ?? minimumPerSecond));
    }
  }

  call(name: string, now: number): void {
    this.#of(name).call(now);
  }

  take(name: string, now: number): boolean {
    return !this.settings.enabled || this.#of(name).take(now);
  }

  /** Every budget as it stands; the process's own is named `*`. */
  states(now: number): [name: string, state: RetryBudgetState][] {
    return [
      ["*", this.#shared.state(now)],
      ...[...this.#own].map(([name, budget]): [string, RetryBudgetState] => [name, budget.state(now)]),
    ];
  }

  #of(name: string): RetryBudget {
    return this.#own.size === 0 ? this.#shared : (this.#own.get(name) ?? this.#shared);
  }
}

function sum(counts: Int32Array): number {
  return counts.reduce((total, count) => total + count, 0);
}
