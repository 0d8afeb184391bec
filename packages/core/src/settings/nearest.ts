/** Farther than this share of the word apart, a suggestion would only confuse. */
const FARTHEST = 0.4;

/** The candidate that a mistyped word most likely meant; undefined where none is near. @public */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.floor(word.length * FARTHEST) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= least) continue;
    const distance = editDistance(word, candidate);
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let older: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) row[j] = step(a, b, i, j, row, previous, older);
    older = previous;
    previous = row;
  }
  return previous[b.length] as number;
}

function step(
  a: string,
  b: string,
  i: number,
  j: number,
  row: number[],
  previous: number[],
  older: number[],
): number {
  const cost = a[i - 1] === b[j - 1] ? 0 : 1;
  const simple = Math.min(
    (previous[j] as number) + 1,
    (row[j - 1] as number) + 1,
    (previous[j - 1] as number) + cost,
  );
  const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
  return swapped ? Math.min(simple, (older[j - 2] as number) + 1) : simple;
}
