import type { Clock } from "@baldur/core/plugin";
import { describeError, type FailureDescription } from "../snapshot/failure.js";

/** Stacks that are kept in a second. Writing one out costs more than everything else, and in a storm all are alike. */
const STACKS = 20;
const SECOND = 1000;

/** Describes errors; of a storm of them only the first of every second with their stacks. */
export class ErrorDescriber {
  #second = Number.NEGATIVE_INFINITY;
  #stacks = 0;

  constructor(private readonly clock: Pick<Clock, "monotonic">) {}

  describe(error: unknown): FailureDescription {
    return describeError(error, this.#mayKeepStack());
  }

  #mayKeepStack(): boolean {
    const now = this.clock.monotonic();
    if (now - this.#second >= SECOND) {
      this.#second = now;
      this.#stacks = 0;
    }
    return ++this.#stacks <= STACKS;
  }
}
