import type { Call, CallContext } from "../call.js";
import { NO_CONTEXT } from "./context.js";

/**
 * What the function of a call receives that has no options: the same for every call of its name, since nothing about it
 * is a call's own. Its signal is never aborted; each read makes one, so that listeners of different calls never meet.
 */
export class BareCall implements Call {
  readonly attempt = 1;
  readonly context: CallContext = NO_CONTEXT;

  constructor(readonly name: string) {
    Object.freeze(this);
  }

  get signal(): AbortSignal {
    return new AbortController().signal;
  }
}
