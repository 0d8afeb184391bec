import { type Clock, unref } from "@baldur/core/plugin";
import type { Failure } from "./failure.js";

export interface RefusalsParts {
  readonly clock: Clock;
  /** Writes something. Rejects where that was refused, which is told here too. */
  readonly check: () => Promise<unknown>;
  /** Told once per change. */
  readonly onChange: (reason: string | undefined) => void;
}

interface Refusal {
  readonly reason: string;
  readonly at: number;
}

/**
 * Words with which all that writes, or one command, is refused, and for how many milliseconds the latest counts, though
 * something was written since: one that is full lets some through, and what one command may do says nothing of another.
 */
const HOLDS: ReadonlyMap<string, number> = new Map([
  ["OOM", 1000],
  ["MISCONF", 1000],
  ["NOREPLICAS", 1000],
  ["NOPERM", 60_000],
  ["ERR ACL failure in script", 60_000],
]);
/** Milliseconds between checks. */
const INTERVAL = { usual: 5000, refused: 500 };

/** Knows whether a Redis that answers also does what it is asked: it may be full, or not allow it. */
export class Refusals {
  #latest: Refusal | undefined;
  #timer: unknown;
  #isClosed = false;

  constructor(private readonly parts: RefusalsParts) {}

  /** The word that it refuses with. */
  get reason(): string | undefined {
    return this.#latest?.reason;
  }

  /** Checks again and again, by a timer that keeps no process alive. */
  start(): void {
    this.#checkLater();
  }

  refused({ type: reason }: Failure): void {
    if (!HOLDS.has(reason)) return;
    const isNew = this.#latest === undefined;
    this.#latest = { reason, at: this.parts.clock.monotonic() };
    if (!isNew) return;
    this.parts.onChange(reason);
    this.#checkLater();
  }

  close(): void {
    this.#isClosed = true;
    this.parts.clock.clearTimeout(this.#timer);
  }

  #checkLater(): void {
    const { clock } = this.parts;
    clock.clearTimeout(this.#timer);
    if (this.#isClosed) return;
    const delay = this.#latest === undefined ? INTERVAL.usual : INTERVAL.refused;
    this.#timer = clock.setTimeout(() => void this.#check(), delay);
    unref(this.#timer);
  }

  async #check(): Promise<void> {
    await this.parts.check().then(
      () => this.#written(),
      () => undefined,
    );
    this.#checkLater();
  }

  #written(): void {
    if (this.#latest === undefined) return;
    const { reason, at } = this.#latest;
    if (this.parts.clock.monotonic() - at < (HOLDS.get(reason) as number)) return;
    this.#latest = undefined;
    this.parts.onChange(undefined);
  }
}
