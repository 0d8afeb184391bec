import type { Across } from "@baldur/core/plugin";

/** How the series of several processes become one; the latter three are prom-client's. */
export type Merge = Across | "average" | "first" | "omit";

/** What an observation was part of, such as a trace. */
export interface Exemplar {
  readonly labelSet: Readonly<Record<string, string>>;
  readonly value: number;
  /** Seconds since the epoch. */
  readonly timestamp?: number;
}

/** Numbers are bounds. */
export type Labels = Readonly<Record<string, string | number>>;

/** A line of a page. */
export interface Line {
  readonly labels: Labels;
  readonly value: number;
  /** What the name of the line has after that of its family, such as `_sum`. */
  readonly suffix?: string;
  readonly exemplar?: Exemplar;
}

/** A histogram of core. */
export interface Distribution {
  readonly labels: Labels;
  /** Cumulative: one for each bound, and that of all. */
  readonly counts: readonly number[];
  readonly sum: number;
}

export type Series = Line | Distribution;

/** All series of one metric. */
export interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram" | "summary";
  readonly help: string;
  readonly across: Merge;
  readonly bounds: readonly number[];
  readonly series: Iterable<Series>;
}

export function isDistribution(series: Series): series is Distribution {
  return "counts" in series;
}
