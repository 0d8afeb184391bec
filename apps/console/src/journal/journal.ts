import { withQuery } from "../api/client.js";
import type { JournalEntry, JournalPage } from "../api/types.js";
import { entryOf, objectOf, rowsOf } from "../state/shape.js";
import type { SourceOptions } from "../state/source.js";
import type { Grade } from "../state/standing.js";
import { brief } from "../text/clean.js";

export interface JournalFilter {
  readonly text?: string;
  readonly level?: string;
  readonly before?: string;
  readonly limit?: number;
}

const EVERY = 6000;

export function journalSource({
  text,
  level,
  before,
  limit = 25,
}: JournalFilter): SourceOptions<JournalPage> {
  return {
    path: withQuery("journal", { limit, text: text?.trim(), level, before }),
    every: EVERY,
    read: journalPageOf,
    follows: () => true,
  };
}

export function journalPageOf(answer: unknown): JournalPage {
  const page = objectOf<JournalPage>(answer);
  return { ...page, entries: rowsOf<JournalEntry>(page.entries, "id", { payload: "object" }) };
}

const GRADES: Readonly<Record<string, Grade>> = { warning: "warn", error: "bad", critical: "bad" };

/** The grade of a level that is worth a sign. */
export function gradeOf(level: unknown): Grade | undefined {
  return entryOf(GRADES, level);
}

/** `circuit_breaker.opened` as `circuit breaker · opened`. */
export function titleOf(name: unknown): string {
  return brief(name, 120).replaceAll("_", " ").replace(".", " · ");
}

/** What is told beside the rest. */
const SAID_ELSEWHERE: readonly string[] = ["actor", "reason", "at"];

/** The facts of an entry in one line. */
export function factsOf({ payload }: JournalEntry): string {
  const facts = Object.entries(payload ?? {}).filter(
    ([key, value]) => !SAID_ELSEWHERE.includes(key) && value !== null,
  );
  return facts.map(([key, value]) => `${brief(key, 40)} ${brief(value, 160)}`).join(" · ");
}
