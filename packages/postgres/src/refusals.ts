import { type Clock, unref } from "@baldur/core/plugin";
import { DISK_FULL, type Failure, READ_ONLY } from "./failure.js";

export interface RefusalsParts {
  readonly clock: Clock;
  /** Whether sessions may write; rejects where nobody could be asked. */
  readonly mayWrite: () => Promise<boolean>;
  /** Told once per change. */
  readonly onChange: (reason: string | undefined) => void;
}

/** Milliseconds between checks. */
const INTERVAL = { usual: 10_000, refused: 500 };
/** Milliseconds without a refusal before it is over: one that is full lets some through. */
const HOLD = 1000;
const WRITES = /\b(insert|update|delete)\b/i;

/** Knows whether a database that answers takes writes: it may be read-only, or its disk full. */
export class Refusals {
  /** The SQLSTATE that it refuses them with. */
  reason: string | undefined;
  #at = 0;
  #timer: unknown;
  #isClosed = false;

  constructor(private readonly parts: RefusalsParts) {}

  /** Checks again and again, by a timer that keeps no process alive. */
  start(): void {
    this.#checkLater();
  }

  refused({ reason }: Failure): void {
    if (reason !== READ_ONLY.reason && reason !== DISK_FULL) return;
    const isNew = this.reason === undefined;
    this.reason = reason;
    this.#at = this.parts.clock.monotonic();
    if (!isNew) return;
    this.parts.onChange(reason);
    this.#checkLater();
  }

  /** A statement was carried out. */
  accepted(statement: string): void {
    if (this.reason !== undefined && WRITES.test(statement)) this.#over();
  }

  close(): void {
    this.#isClosed = true;
    this.parts.clock.clearTimeout(this.#timer);
  }

  #checkLater(): void {
    const { clock } = this.parts;
    clock.clearTimeout(this.#timer);
    if (this.#isClosed) return;
    const delay = this.reason === undefined ? INTERVAL.usual : INTERVAL.refused;
    this.#timer = clock.setTimeout(() => void this.#check(), delay);
    unref(this.#timer);
  }

  async #check(): Promise<void> {
    await this.parts.mayWrite().then(
      (may) => this.#looked(may),
      () => undefined, // nobody was there to be asked, which is told elsewhere
    );
    this.#checkLater();
  }

  #looked(may: boolean): void {
    if (!may) this.refused(READ_ONLY);
    else if (this.reason === READ_ONLY.reason) this.#over();
  }

  #over(): void {
    if (this.parts.clock.monotonic() - this.#at < HOLD) return;
    this.reason = undefined;
    this.parts.onChange(undefined);
  }
}
