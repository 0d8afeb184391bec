import { type Clock, ref, unref } from "@baldur/core/plugin";
import type { Link } from "./link.js";

interface Call {
  readonly since: number;
  readonly reject: (error: Error) => void;
  /** Neighbours among those that wait, by when they began. */
  earlier: Call | undefined;
  later: Call | undefined;
  isSettled: boolean;
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
  /** What was asked was refused, or could not be asked. Makes the error that the caller gets. */
  failed(link: Link, what: string, error: unknown): Error;
}

/**
 * Calls that wait for their answer. All may wait equally long, so the first is due first, and one timer watches it. While
 * something waits it keeps the process alive, as the sockets do not: who waits for an answer gets one. It is left to run out
 * when nothing does, for to set one costs more than all else here. They are a list through themselves: a set that much comes
 * and goes in is built anew again and again, and what was in it lives on until the next full garbage collection.
 */
export class InFlight {
  #first: Call | undefined;
  #last: Call | undefined;
  #timer: unknown;
  #drained: (() => void) | undefined;
  #isSilent = false;

  constructor(
    private readonly clock: Clock,
    private readonly limits: Limits,
    private readonly watcher: Watcher,
  ) {}

  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** Asks something, which `what` names. Rejects with what is made of its error, or with what `rejectAll` says. */
  track<T>(link: Link, what: string, ask: (link: Link) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const call = this.#begin(reject);
      const answered = (value: T): void => {
        if (this.#settle(call)) resolve(value);
        if (this.#isSilent) this.#hear();
      };
      const refused = (error: unknown): void => {
        if (this.#settle(call)) reject(this.watcher.failed(link, what, error));
        if (this.#isSilent) this.#hear(); // unless that was the end of all
      };
      try {
        ask(link).then(answered, refused);
      } catch (error) {
        refused(error);
      }
    });
  }

  rejectAll(error: () => Error): void {
    this.#isSilent = false;
    for (let call = this.#first; call !== undefined; call = this.#first) {
      this.#settle(call);
      call.reject(error());
    }
    this.#stop();
  }

  /** Resolves when nothing waits any more. */
  async drained(): Promise<void> {
    if (this.isEmpty) return;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
  }

  #begin(reject: (error: Error) => void): Call {
    const earlier = this.#last;
    const since = this.clock.monotonic();
    const call: Call = { since, reject, earlier, later: undefined, isSettled: false };
    if (earlier === undefined) {
      this.#first = call;
      this.#wake();
    } else {
      earlier.later = call;
    }
    this.#last = call;
    return call;
  }

  /** False where the caller was already told something else. */
  #settle(call: Call): boolean {
    if (call.isSettled) return false;
    call.isSettled = true;
    const { earlier, later } = call;
    if (earlier === undefined) this.#first = later;
    else earlier.later = later;
    if (later === undefined) this.#last = earlier;
    else later.earlier = earlier;
    call.earlier = undefined;
    call.later = undefined;
    if (this.isEmpty) this.#rest();
    return true;
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
    const first = this.#first;
    if (first !== undefined && this.#left(first, this.limits.silence) <= 0) return;
    this.#isSilent = false;
    this.#stop(); // it waits for the end of the timeout
    if (first !== undefined) this.#timer = this.#watch(0);
    this.watcher.heard();
  }

  #watch(delay: number): unknown {
    return this.clock.setTimeout(() => {
      const first = this.#first;
      this.#timer = undefined;
      if (first === undefined) return;
      const left = this.#left(first, this.#limit);
      this.#timer = left > 0 ? this.#watch(left) : this.#lookOnceMore(first);
    }, delay);
  }

  /** Where the process was busy for so long, the answer may be there, and not read yet. */
  #lookOnceMore(late: Call): unknown {
    return this.clock.setTimeout(() => {
      if (late.isSettled) this.#timer = this.#watch(0);
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
