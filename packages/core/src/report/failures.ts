import type { Clock } from "../clock.js";
import { type FailureOverview, failureStatisticsSlot } from "../slots/failure-statistics.js";
import type { SlotTable } from "../slots/slot.js";
import { within } from "../within.js";

export interface FailuresParts {
  readonly clock: Clock;
  readonly slots: Pick<SlotTable, "get" | "isFilled">;
}

/** Milliseconds that counting may take. */
const PATIENCE = 5000;

/** What is kept of failed calls, as far as it can be counted. */
export class Failures {
  constructor(private readonly parts: FailuresParts) {}

  /** Whether anything keeps failed calls. */
  get areKept(): boolean {
    return this.parts.slots.isFilled(failureStatisticsSlot);
  }

  /** Undefined where nobody can tell. Never rejects. */
  async overview(): Promise<FailureOverview | undefined> {
    const { clock, slots } = this.parts;
    try {
      return await within(clock, PATIENCE, () => slots.get(failureStatisticsSlot).overview());
    } catch {
      return undefined; // whoever keeps them has told what is wrong
    }
  }
}
