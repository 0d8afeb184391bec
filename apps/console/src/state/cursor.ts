import { useState } from "preact/hooks";

/** Where a list that is read page by page stands. */
export interface Cursor {
  /** Where the page begins; undefined on the first. */
  readonly at: string | undefined;
  /** From 0. */
  readonly page: number;
  readonly back: (() => void) | undefined;
  forth(next: string): void;
}

/** Pages that know only where the next one begins: the way back is remembered. */
export function useCursor(): Cursor {
  const [way, setWay] = useState<readonly string[]>([]);
  return {
    at: way.at(-1),
    page: way.length,
    back: way.length === 0 ? undefined : () => setWay(way.slice(0, -1)),
    forth: (next) => setWay([...way, next]),
  };
}
