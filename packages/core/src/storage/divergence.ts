/** A value that two sides held differently when they met again, and what became of it. @public */
export interface Divergence {
  /** What owns the value. */
  readonly feature: string;
  readonly key: string;
  /** What this process held. */
  readonly local: unknown;
  /** What the shared store held; undefined where it held nothing. */
  readonly shared: unknown;
  /** What holds from now on. */
  readonly merged: unknown;
  /** Wall time in milliseconds. */
  readonly at: number;
}

/** What diverged while Redis was away, as one recovery found it. @public */
export interface DivergenceReport {
  /** Wall time of the recovery in milliseconds. */
  readonly at: number;
  readonly total: number;
  /** How many, by feature. */
  readonly counts: Readonly<Record<string, number>>;
  /** The first of them. */
  readonly divergences: readonly Divergence[];
}

const KEPT_REPORTS = 20;
const KEPT_PER_REPORT = 1000;

/** The reports of the last recoveries, the newest first. */
export class DivergenceLog {
  readonly #reports: DivergenceReport[] = [];

  add(found: readonly Divergence[], at: number): DivergenceReport {
    const counts: Record<string, number> = {};
    for (const { feature } of found) counts[feature] = (counts[feature] ?? 0) + 1;
    const report = { at, total: found.length, counts, divergences: found.slice(0, KEPT_PER_REPORT) };
    this.#reports.unshift(report);
    this.#reports.length = Math.min(this.#reports.length, KEPT_REPORTS);
    return report;
  }

  reports(): readonly DivergenceReport[] {
    return [...this.#reports];
  }
}
