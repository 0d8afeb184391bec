/** Items that are alike. */
export type Run<T> = readonly [T, ...T[]];

/** Puts items that are alike together: runs in the order of their first items, and the items of each in theirs. */
export function runsOf<T>(items: readonly T[], areAlike: (one: T, other: T) => boolean): Run<T>[] {
  const runs: [T, ...T[]][] = [];
  let run: [T, ...T[]] | undefined;
  for (const item of items) {
    if (run === undefined || !areAlike(run[0], item)) run = runs.find(([first]) => areAlike(first, item));
    if (run === undefined) {
      run = [item];
      runs.push(run);
    } else run.push(item);
  }
  return runs;
}
