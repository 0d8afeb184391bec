import type { Entry } from "../../entry/entry.js";
import { type CompressedSummary, compress } from "../compressed.js";
import { parsed } from "../parsed.js";
import type { AddResult, Capacity } from "../store.js";
import { limitsOf } from "./admission.js";
import type { Engine, Filed, Limit, RecordSwap } from "./engine.js";
import { EVERYTHING } from "./groups.js";
import type { Found, Reader } from "./reader.js";
import { summaryKey } from "./records.js";

type Made = Pick<AddResult, "evicted" | "overfull">;

/** What is beyond it is left to whoever adds next. */
const MOST_ROUNDS = 100;
const MOST_AT_A_TIME = 500;

/**
 * Takes the oldest entries out, first where all are counted and then in the domains, until nothing is over its cap. The
 * newest one stays: whoever added it was told that it is kept.
 */
export class Room {
  constructor(
    private readonly engine: Engine,
    private readonly reader: Reader,
  ) {}

  async make(
    added: readonly Filed[],
    excess: ReadonlyMap<number, number>,
    capacity: Capacity,
  ): Promise<Made> {
    const evicted = new Map<string, number>();
    let overfull = false;
    if (excess.size === 0) return { evicted, overfull };
    for (const limit of limitsOf(added, capacity)) {
      const newest = newestOf(added, limit);
      const work = { limit, evicted, newest: newest?.id, strategy: capacity.strategy };
      // What went because of all domains together went from one of them.
      const gone = limit.number === EVERYTHING ? 0 : (evicted.get(newest?.domain ?? "") ?? 0);
      const isLeft = await this.#shrink(work, (excess.get(limit.number) ?? 0) - gone);
      overfull ||= isLeft;
    }
    return { evicted, overfull };
  }

  /** Whether entries are left beyond the cap. */
  async #shrink(work: Work, estimate: number): Promise<boolean> {
    let excess = estimate;
    for (let round = 0; excess > 0; round++) {
      if (round === MOST_ROUNDS) return true;
      const candidates = await this.#candidates(work, Math.min(excess, MOST_AT_A_TIME));
      const result = await this.#evict(work, candidates.found);
      excess = result.excess;
      const isStuck = candidates.found.length === 0 && !candidates.wereDamaged;
      if (isStuck) return excess > 0;
    }
    return false;
  }

  /** The oldest that may go. Damaged ones are put aside, and leave room too. */
  async #candidates(
    { limit, newest }: Work,
    wanted: number,
  ): Promise<{ found: readonly Found[]; wereDamaged: boolean }> {
    const rows = await this.engine.oldest(limit, wanted + 1);
    const readable = await this.reader.read(rows);
    const found = readable.filter(({ row }) => row.id !== newest).slice(0, wanted);
    return { found, wereDamaged: readable.length < rows.length };
  }

  async #evict({ limit, strategy, evicted }: Work, found: readonly Found[]): Promise<{ excess: number }> {
    const entries = found.map(({ entry }) => entry);
    const summaries = strategy === "compress_oldest" ? await this.#summaries(entries) : [];
    const rows = found.map(({ row }) => row);
    const { isDone, excess } = await this.engine.evict(limit, rows, summaries);
    if (!isDone) return { excess };
    for (const { body } of entries) evicted.set(body.domain, (evicted.get(body.domain) ?? 0) + 1);
    return { excess };
  }

  async #summaries(entries: readonly Entry[]): Promise<RecordSwap[]> {
    const keys = new Set(entries.map(({ body }) => summaryKey(body)));
    if (keys.size === 0) return [];
    const kept = await this.engine.records("summary", [...keys]);
    const summaries = new Map<string, CompressedSummary>();
    for (const entry of entries) {
      const key = summaryKey(entry.body);
      const before = summaries.get(key) ?? parsed<CompressedSummary>(kept.get(key));
      summaries.set(key, compress(before, entry, entry.body.createdAt));
    }
    return [...summaries].map(([key, summary]) => ({
      key,
      expected: { text: kept.get(key) },
      text: JSON.stringify(summary),
    }));
  }
}

interface Work {
  readonly limit: Limit;
  readonly newest: string | undefined;
  readonly strategy: Capacity["strategy"];
  /** Counts what went, by domain. */
  readonly evicted: Map<string, number>;
}

function newestOf(added: readonly Filed[], { number }: Limit): Filed | undefined {
  return added.findLast(({ group }) => number === EVERYTHING || group.domainNumber === number);
}
