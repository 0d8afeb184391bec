import { type Clock, unref } from "@baldur/core/plugin";
import { type Random, waitBefore } from "./backoff.js";
import type { Failure } from "./failure.js";

export interface AvailabilityParts {
  readonly clock: Clock;
  readonly random: Random;
  /** Asks the database something, over a connection of its own. */
  readonly probe: () => Promise<void>;
  /** What a probe was rejected with, in a word. */
  readonly failureOf: (error: unknown) => Failure;
  /** Told once per change. */
  readonly onChange: (failure: Failure | undefined) => void;
}

/**
 * Whether a database is there. One that could not be reached is away until a probe finds it again; where something merely
 * looks odd, a probe decides. Timers keep no process alive.
 */
export class Availability {
  /** Why it is away. */
  failure: Failure | undefined;
  #probing: Promise<void> | undefined;
  #timer: unknown;
  #failures = 0;
  #closed = false;

  constructor(private readonly parts: AvailabilityParts) {}

  /** No connection could be made. */
  lost(failure: Failure): void {
    if (this.#closed) return;
    const before = this.failure;
    this.failure = failure;
    if (before === undefined) this.parts.onChange(failure);
    if (this.#probing === undefined) this.#probeLater();
  }

  /** A connection broke, or an answer did not come: looks, unless it is looking already. Never rejects. */
  look(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#probing ??= this.#probe().finally(() => {
      this.#probing = undefined;
      if (this.failure !== undefined) this.#probeLater();
    });
    return this.#probing;
  }

  close(): void {
    this.#closed = true;
    this.parts.clock.clearTimeout(this.#timer);
  }

  async #probe(): Promise<void> {
    try {
      await this.parts.probe();
      this.#found();
    } catch (error) {
      this.#failures++;
      this.lost(this.parts.failureOf(error));
    }
  }

  #found(): void {
    this.#failures = 0;
    if (this.failure === undefined || this.#closed) return;
    this.failure = undefined;
    this.parts.onChange(undefined);
  }

  #probeLater(): void {
    if (this.#closed || this.#timer !== undefined) return;
    this.#timer = this.parts.clock.setTimeout(
      () => {
        this.#timer = undefined;
        void this.look();
      },
      waitBefore(this.#failures, this.parts.random),
    );
    unref(this.#timer);
  }
}
