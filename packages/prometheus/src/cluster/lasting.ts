import { type Family, isDistribution, type Series } from "../family.js";

/** What may be counted on after a process has ended: without it, the sums would fall, which reads as a restart. */
export function lasting(families: readonly Family[]): Family[] {
  return families
    .filter(({ type }) => type !== "gauge")
    .map((family) => ({ ...family, series: [...family.series].filter((series) => isCount(family, series)) }));
}

/** Whether a series only grows: everything but gauges, and the quantiles of a summary. */
export function isCount({ type }: Family, series: Series): boolean {
  if (type === "summary") return isDistribution(series) || series.suffix !== undefined;
  return type !== "gauge";
}
