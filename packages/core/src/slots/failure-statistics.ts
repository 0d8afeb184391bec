import { defineSlot, type Provided, type Slot } from "./slot.js";

/** Failed calls of a kind that still ask for something. @public */
export interface OpenFailures {
  readonly count: number;
  /** Where they come from, the most frequent first. */
  readonly domains: readonly string[];
}

/** What is kept of failed calls, in figures. @public */
export interface FailureOverview {
  readonly total: number;
  /** By state, e.g. `pending`. What there is none of is absent. */
  readonly byStatus: Readonly<Record<string, number>>;
  /** What still asks for something, by business domain and by kind of failure. */
  readonly open: {
    readonly byDomain: Readonly<Record<string, number>>;
    readonly byFailureType: Readonly<Record<string, OpenFailures>>;
  };
  /** Replays that the open ones have had; absent where that is not counted. */
  readonly retries?: { readonly average: number; readonly highest: number };
}

/** Counts what is kept of failed calls. @public */
export interface FailureStatistics extends Provided {
  /** Undefined where nothing is kept. Rejects when it cannot be read. */
  overview(): Promise<FailureOverview | undefined>;
}

/** Knows of nothing. @public */
export const noopFailureStatistics: FailureStatistics = Object.freeze({
  kind: "no-op",
  overview: async () => undefined,
});

/** @public */
export const failureStatisticsSlot: Slot<FailureStatistics> = defineSlot<FailureStatistics>(
  "failure-statistics",
  { fallback: noopFailureStatistics },
);
