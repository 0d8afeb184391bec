import { invalid } from "../errors.js";
import { type HttpAnswer, jsonAnswer } from "./answer.js";
import type { Exchange } from "./exchange.js";

/** Callers say how long they still wait. @public */
export interface HttpDeadlineOptions {
  /** Milliseconds of `X-Deadline-Remaining` below which a request is refused, for nobody would hear its answer. */
  readonly minimum: number;
}

/** Refuses requests whose callers will not wait for the answer. */
export class DeadlineGate {
  constructor(private readonly options: HttpDeadlineOptions) {
    const { minimum } = options;
    if (!(minimum > 0 && minimum < Number.POSITIVE_INFINITY))
      throw invalid("deadline.minimum", "a positive number of milliseconds", minimum);
  }

  admit(exchange: Exchange): HttpAnswer | undefined {
    const { remaining } = exchange;
    if (remaining === undefined || remaining >= this.options.minimum) return undefined;
    const body = {
      error: "deadline_exceeded",
      code: "DEADLINE_FAST_FAIL",
      message: "the caller stops waiting before there can be an answer",
      remaining_ms: Math.floor(remaining),
      retry_after: 0,
    };
    return jsonAnswer(503, body, { "retry-after": "0", "x-baldur-deadline-rejected": "true" });
  }
}
