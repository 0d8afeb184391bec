import { segment, withQuery } from "../api/client.js";
import type { DeadLetter, DeadLetterPage, Facets } from "../api/types.js";
import { objectOf, rowsOf } from "../state/shape.js";
import type { SourceOptions } from "../state/source.js";

/** Which entries; what is empty does not narrow. */
export interface Narrowing {
  readonly status: string;
  readonly domain: string;
  readonly name: string;
}

export const PER_PAGE = 25;

const EVERY = 5000;
const follows = (event: string): boolean => event.startsWith("dlq");

export function listSource(narrowing: Narrowing, after: string | undefined): SourceOptions<DeadLetterPage> {
  return {
    path: withQuery("dlq/list", { ...narrowing, page_size: PER_PAGE, after }),
    every: EVERY,
    follows,
    read: (answer) => {
      const page = objectOf<DeadLetterPage>(answer);
      return { ...page, items: rowsOf<DeadLetter>(page.items, "id") };
    },
  };
}

export function facetsSource({ status, domain, name }: Narrowing): SourceOptions<Facets> {
  return {
    path: withQuery("dlq/facets", { status, domain, name }),
    every: EVERY,
    follows,
    read: (answer) => objectOf<Facets>(answer, { byStatus: "object", byDomain: "object", byName: "object" }),
  };
}

export function entrySource(id: string): SourceOptions<DeadLetter> {
  return { path: `dlq/${segment(id)}`, every: EVERY, follows, read: letterOf };
}

function letterOf(answer: unknown): DeadLetter {
  const records = { entityRefs: "object", snapshotData: "object", requestData: "object" } as const;
  return objectOf<DeadLetter>(answer, {
    ...records,
    responseData: "object",
    metadata: "object",
    attempts: "rows",
  });
}
