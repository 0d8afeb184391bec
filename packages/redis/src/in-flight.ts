import type { Clock } from "@baldur/core/plugin";

interface Call {
  readonly due: number;
  readonly reject: (error: Error) => void;
}

/**
 * Calls that wait for their answer. All may wait equally long, so the first is due first, and one timer watches it. The
 * timer keeps the process alive, as the sockets do not: who waits for an answer gets one.
 */
export class InFlight {
  readonly #calls = new Set<Call>();
  #timer: unknown;
  #drained: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    /** Milliseconds that a call may wait. */
    private readonly timeout: number,
    /** Told when one has waited so long. */
    private readonly onOverdue: () => void,
  ) {}

  /** Begins a call. Rejects with what `failed` makes of its error, or with what `rejectAll` says. */
  track<T>(begin: () => Promise<T>, failed: (error: unknown) => Error): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const call: Call = { due: this.clock.monotonic() + this.timeout, reject };
      this.#calls.add(call);
      this.#timer ??= this.#watch(this.timeout);
      const answered = (value: T): void => {
        if (this.#settle(call)) resolve(value);
      };
      const refused = (error: unknown): void => {
        if (this.#settle(call)) reject(failed(error));
      };
      try {
        begin().then(answered, refused);
      } catch (error) {
        refused(error);
      }
    });
  }

  rejectAll(error: () => Error): void {
    for (const call of this.#calls) {
      this.#settle(call);
      call.reject(error());
    }
  }

  /** Resolves when nothing waits any more. */
  async drained(): Promise<void> {
    if (this.#calls.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
  }

  /** False where the caller was already told something else. */
  #settle(call: Call): boolean {
    const waited = this.#calls.delete(call);
    if (this.#calls.size === 0) this.#rest();
    return waited;
  }

  #rest(): void {
    if (this.#timer !== undefined) this.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#drained?.();
    this.#drained = undefined;
  }

  #watch(delay: number): unknown {
    return this.clock.setTimeout(() => {
      const [first] = this.#calls;
      if (first === undefined) return;
      const left = first.due - this.clock.monotonic();
      this.#timer = left > 0 ? this.#watch(left) : this.#lookOnceMore(first);
    }, delay);
  }

  /** Where the process was busy for so long, the answer may be there, and not read yet. */
  #lookOnceMore(late: Call): unknown {
    return this.clock.setTimeout(() => {
      if (this.#calls.has(late)) this.onOverdue();
      else this.#timer = this.#watch(0);
    }, 0);
  }
}
