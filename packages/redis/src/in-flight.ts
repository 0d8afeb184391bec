import { type Clock, ref, unref } from "@baldur/core/plugin";

interface Call {
  readonly since: number;
  readonly reject: (error: Error) => void;
}

/** Milliseconds that a call waits. */
export interface Limits {
  /** Until it is given up. */
  readonly timeout: number;
  /** Until whoever was asked counts as silent. Of no effect unless it is less than `timeout`. */
  readonly silence: number;
}

export interface Watcher {
  /** A call has waited for too long. */
  overdue(): void;
  /** Nothing was heard for so long. */
  silent(): void;
  /** Something was heard again. */
  heard(): void;
}

/**
 * Calls that wait for their answer. All may wait equally long, so the first is due first, and one timer watches it. While
 * something waits it keeps the process alive, as the sockets do not: who waits for an answer gets one. It is left to run out
 * when nothing does, for to set one costs more than all else here.
 */
export class InFlight {
  readonly #calls = new Set<Call>();
  #timer: unknown;
  #drained: (() => void) | undefined;
  #isSilent = false;

  constructor(
    private readonly clock: Clock,
    private readonly limits: Limits,
    private readonly watcher: Watcher,
  ) {}

  get isEmpty(): boolean {
    return this.#calls.size === 0;
  }

  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** Begins a call. Rejects with what `failed` makes of its error, or with what `rejectAll` says. */
  track<T>(begin: () => Promise<T>, failed: (error: unknown) => Error): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const call: Call = { since: this.clock.monotonic(), reject };
      if (this.#calls.size === 0) this.#wake();
      this.#calls.add(call);
      const answered = (value: T): void => {
        if (this.#settle(call)) resolve(value);
        if (this.#isSilent) this.#hear();
      };
      const refused = (error: unknown): void => {
        if (this.#settle(call)) reject(failed(error));
        if (this.#isSilent) this.#hear(); // unless that was the end of all
      };
      try {
        begin().then(answered, refused);
      } catch (error) {
        refused(error);
      }
    });
  }

  rejectAll(error: () => Error): void {
    this.#isSilent = false;
    for (const call of this.#calls) {
      this.#settle(call);
      call.reject(error());
    }
    this.#stop();
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

  #wake(): void {
    if (this.#timer === undefined) this.#timer = this.#watch(this.#limit);
    else ref(this.#timer);
  }

  #rest(): void {
    unref(this.#timer);
    this.#drained?.();
    this.#drained = undefined;
  }

  #stop(): void {
    this.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #hear(): void {
    const [first] = this.#calls;
    if (first !== undefined && this.#left(first, this.limits.silence) <= 0) return;
    this.#isSilent = false;
    this.#stop(); // it waits for the end of the timeout
    if (first !== undefined) this.#timer = this.#watch(0);
    this.watcher.heard();
  }

  #watch(delay: number): unknown {
    return this.clock.setTimeout(() => {
      const [first] = this.#calls;
      this.#timer = undefined;
      if (first === undefined) return;
      const left = this.#left(first, this.#limit);
      this.#timer = left > 0 ? this.#watch(left) : this.#lookOnceMore(first);
    }, delay);
  }

  /** Where the process was busy for so long, the answer may be there, and not read yet. */
  #lookOnceMore(late: Call): unknown {
    return this.clock.setTimeout(() => {
      if (!this.#calls.has(late)) this.#timer = this.#watch(0);
      else if (this.#left(late, this.limits.timeout) <= 0) this.watcher.overdue();
      else this.#fallSilent();
    }, 0);
  }

  #fallSilent(): void {
    this.#isSilent = true;
    this.#timer = this.#watch(0);
    this.watcher.silent();
  }

  /** What is watched for next. */
  get #limit(): number {
    const { timeout, silence } = this.limits;
    return this.#isSilent ? timeout : Math.min(silence, timeout);
  }

  #left({ since }: Call, limit: number): number {
    return since + limit - this.clock.monotonic();
  }
}
