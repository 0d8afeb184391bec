import type { Call, CallContext } from "../call.js";
import { contextOf } from "./context.js";
import type { ProtectOptions } from "./options.js";

/** Whose call it is: an execution, or an endpoint where nothing else is known. */
export interface CallSource {
  readonly name: string;
  readonly options?: ProtectOptions | undefined;
  readonly args?: readonly unknown[] | undefined;
}

/** What one run of the function receives. Its identity also tells the running attempt from one that was given up. */
export class AttemptCall implements Call {
  readonly attempt: number;
  readonly #source: CallSource;
  /** Made when the signal is read, or when the attempt is aborted before that. */
  #controller: AbortController | Aborted | null = null;

  constructor(source: CallSource, attempt: number) {
    this.attempt = attempt;
    this.#source = source;
  }

  get name(): string {
    return this.#source.name;
  }

  /** Aborts the attempt's signal, now or when it is first read. Not a method, so that the function cannot call it. */
  static abort(call: AttemptCall, reason: unknown): void {
    if (call.#controller instanceof AbortController) call.#controller.abort(reason);
    else call.#controller = new Aborted(reason);
  }

  get context(): CallContext {
    return contextOf(this.#source.options, this.#source.args);
  }

  get replayOf(): string | undefined {
    return this.#source.options?.replayOf;
  }

  get signal(): AbortSignal {
    if (this.#controller instanceof AbortController) return this.#controller.signal;
    const aborted = this.#controller;
    this.#controller = new AbortController();
    if (aborted !== null) this.#controller.abort(aborted.reason);
    return this.#controller.signal;
  }
}

/** An abort that came before anyone read the signal. */
class Aborted {
  constructor(readonly reason: unknown) {}
}
