/** The middle of the values; of an even number the mean of the two in the middle. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const byRound = (a, b, combine) => a.map((value, round) => combine(value, b[round]));

/** What each round cost beyond the bare call of the same round. */
export const added = (values, bare) => byRound(values, bare, (value, base) => value - base);

/** Median of the ratios of one round each: a slow phase of the machine hits both sides of a ratio, and cancels out. */
export const ratio = (values, others) => median(byRound(values, others, (value, other) => value / other));

/** The value that such a share of the values does not exceed. */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
