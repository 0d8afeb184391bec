import { randomInt } from "node:crypto";
import { AdapterError } from "@baldur/core";
import type { EntryStatus, SqlDatabase, SqlResult } from "@baldur/core/plugin";
import { EVICTABLE } from "../../entry/entry.js";
import type {
  Added,
  Engine,
  EntryRow,
  Evicted,
  Filed,
  Limit,
  Mark,
  Move,
  RecordKind,
  RecordSwap,
  RowPage,
  StateRow,
} from "../fleet/engine.js";
import type { Filter, GroupCount, Page } from "../store.js";
import { SLOTS } from "./fragments.js";
import { Preparation } from "./preparation.js";
import * as reading from "./reading.js";
import * as rows from "./rows.js";
import * as statements from "./statements.js";
import { columnText, wordOf } from "./texts.js";

export interface SqlEngineOptions {
  readonly database: SqlDatabase;
  /** Told why the tables cannot be made, each time that it was tried. */
  readonly onUnprepared: (error: unknown) => void;
}

/** Sort before, and behind, every id. */
const [LOWEST, HIGHEST] = ["", "~"];
/** No such table, no such function. */
const NOT_THERE: readonly unknown[] = ["42P01", "42883"];
const ALREADY_THERE = "23505";
/** Those who add the same entries at once have added them all before this. */
const MOST_ROUNDS = 20;
const TABLES: Readonly<Record<RecordKind, string>> = {
  owner: "baldur_dlq_owner",
  lease: "baldur_dlq_lease",
  summary: "baldur_dlq_compressed",
};

/**
 * A dead-letter queue in PostgreSQL. Everything is one statement, so that no lock outlives it, whatever becomes of the
 * process; none is prepared by name, so that a pooler may be between.
 */
export class SqlEngine implements Engine {
  readonly largest: Engine["largest"] = { entries: 500, bytes: 2 * 1024 * 1024 };
  readonly flights = 2;
  readonly #database: SqlDatabase;
  readonly #preparation: Preparation;
  /** Where this process counts what it adds. */
  readonly #slot = randomInt(SLOTS);

  constructor({ database, onUnprepared }: SqlEngineOptions) {
    this.#database = database;
    this.#preparation = new Preparation(database, onUnprepared);
  }

  prepare(): Promise<void> {
    return this.#preparation.done();
  }

  async known(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const found = await this.#query(reading.KNOWN, [ids]);
    return new Set(found.rows.map(({ id }) => id as string));
  }

  async add(entries: readonly Filed[], limits: readonly Limit[], isForced: boolean): Promise<Added> {
    const known = new Set<string>();
    for (let round = 0; ; round++) {
      const fresh = entries.filter(({ id }) => !known.has(id));
      if (fresh.length === 0) return { ...added(), known };
      try {
        const result = await this.#add(fresh, limits, isForced);
        return result.isFull ? result : { ...result, known };
      } catch (error) {
        if (reasonOf(error) !== ALREADY_THERE || round === MOST_ROUNDS) throw error;
      }
      // Somebody else added some of them just now.
      for (const id of await this.known(fresh.map(({ id }) => id))) known.add(id);
    }
  }

  async entries(ids: readonly string[]): Promise<readonly EntryRow[]> {
    return (await this.#query(reading.ENTRIES, [ids])).rows.map(rows.entryRow);
  }

  async states(ids: readonly string[]): Promise<readonly StateRow[]> {
    return (await this.#query(reading.STATES, [ids])).rows.map(rows.stateRow);
  }

  async page(filter: Filter, { limit, after, oldestFirst = false }: Page): Promise<RowPage> {
    const from = after ?? (oldestFirst ? LOWEST : HIGHEST);
    const { name, domain, failureType, status } = filter;
    const words = [name, domain, failureType].map((word) => (word === undefined ? null : columnText(word)));
    const isNarrow = status !== undefined || words.some((word) => word !== null);
    const statuses = status === undefined ? null : [rows.statusNumber(status)];
    const found = isNarrow
      ? await this.#some(oldestFirst, [from, limit, statuses, ...words, null])
      : await this.#query(reading.all(oldestFirst), [from, limit]);
    const page = found.rows.map(rows.entryRow);
    return { rows: page, next: page.length === limit ? page.at(-1)?.id : undefined };
  }

  async oldest({ number }: Pick<Limit, "number">, most: number): Promise<readonly EntryRow[]> {
    const statuses = EVICTABLE.map(rows.statusNumber);
    const domain = number === 0 ? null : number;
    const found = await this.#some(true, [LOWEST, most, statuses, null, null, null, domain]);
    return found.rows.map(rows.entryRow);
  }

  async swap(moves: readonly Move[], isPatient: boolean): Promise<ReadonlyMap<string, Mark>> {
    const answer = await this.#one(statements.SWAP, [...rows.moveColumns(moves), isPatient]);
    const moved = rows.idsIn(answer["moved"]);
    const marks = new Map<string, Mark>();
    for (const { id, mark } of moves)
      if (moved === undefined || moved.has(id)) marks.set(id, rows.nextMark(mark));
    return marks;
  }

  async remove(gone: readonly StateRow[]): Promise<number> {
    return (await this.#one(statements.REMOVE, rows.markColumns(gone)))["removed"] as number;
  }

  async evict(
    { number, cap }: Pick<Limit, "number" | "cap">,
    gone: readonly StateRow[],
    summaries: readonly RecordSwap[],
  ): Promise<Evicted> {
    const [keys, , expected, texts] = rows.recordColumns(summaries);
    const values = [...rows.markColumns(gone), keys, expected, texts, number, cap, this.#slot];
    const verdict = await this.#one(statements.EVICT, values);
    return { isDone: verdict["is_done"] === true, excess: verdict["excess"] as number };
  }

  async quarantine({ id, status, mark }: EntryRow): Promise<boolean> {
    const place = status === undefined ? [null, null] : [rows.statusNumber(status), rows.groupIn(mark)];
    return (await this.#one(statements.QUARANTINE, [id, ...place]))["kept"] !== 0;
  }

  async counts(): Promise<readonly GroupCount[]> {
    const groups = new Map<string, GroupCount & { counts: Partial<Record<EntryStatus, number>> }>();
    for (const { name, domain, failure_type, status, entries } of (await this.#query(reading.COUNTS)).rows) {
      const key = JSON.stringify([name, domain, failure_type]);
      let group = groups.get(key);
      if (group === undefined) {
        const [named, of, failureType] = [name, domain, failure_type].map((text) => wordOf(text as string));
        group = { name: named ?? "", domain: of ?? "", failureType: failureType ?? "", counts: {} };
        groups.set(key, group);
      }
      const counted = rows.statusOf(status);
      if (counted !== undefined && (entries as number) > 0) group.counts[counted] = entries as number;
    }
    return [...groups.values()];
  }

  async records(kind: RecordKind, keys?: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const found = await this.#query(reading.records(TABLES[kind]), [keys ?? null]);
    return new Map(found.rows.map(({ key, record }) => [key as string, record as string]));
  }

  async swapRecords(kind: RecordKind, swaps: readonly RecordSwap[]): Promise<number> {
    const result = await this.#one(statements.swapRecords(TABLES[kind]), rows.recordColumns(swaps));
    return result["swapped"] as number;
  }

  async #add(entries: readonly Filed[], limits: readonly Limit[], isForced: boolean): Promise<Added> {
    const values = [
      ...rows.entryColumns(entries),
      ...rows.groupColumns(entries),
      ...rows.limitColumns(limits),
      this.#slot,
      isForced,
    ];
    let verdict = await this.#tryToAdd(values);
    if (verdict === "unknown") {
      await this.#query(statements.MAKE_SLOTS, [limits.map(({ number }) => number)]);
      await this.#spread(limits);
      verdict = await this.#tryToAdd(values);
    }
    if (verdict === "roomy") return added();
    // The room of this process's slot is used up, or was given out by another cap: all slots together tell what there is.
    const open = await this.#spread(limits);
    if (verdict === "forced") return added(excessOf(limits, open));
    const fits = limits.every(({ number, cap, wanted }) => (open.get(number) ?? 0) + wanted <= cap);
    return fits && (await this.#tryToAdd(values)) === "roomy" ? added() : { isFull: true, open };
  }

  async #tryToAdd(values: readonly unknown[]): Promise<unknown> {
    return (await this.#one(statements.ADD, values))["verdict"];
  }

  async #some(isOldestFirst: boolean, values: readonly unknown[]): Promise<SqlResult> {
    return this.#query(isOldestFirst ? statements.OLDEST : reading.some(false), values);
  }

  async #spread(limits: readonly Limit[]): Promise<ReadonlyMap<number, number>> {
    const sums = await this.#query(statements.SPREAD, [...rows.limitColumns(limits), this.#slot]);
    return new Map(sums.rows.map(({ number, open }) => [number as number, open as number]));
  }

  async #one(text: string, values: readonly unknown[]): Promise<SqlResult["rows"][number]> {
    const [row] = (await this.#query(text, values)).rows;
    if (row === undefined) throw new AdapterError("the database did not answer what it was asked");
    return row;
  }

  async #query(text: string, values: readonly unknown[] = []): Promise<SqlResult> {
    await this.#preparation.done();
    try {
      return await this.#database.query(text, values);
    } catch (error) {
      if (NOT_THERE.includes(reasonOf(error))) this.#preparation.undo();
      throw error;
    }
  }
}

/** With the limits that are exceeded, and by how many entries. */
function added(excess: ReadonlyMap<number, number> = new Map()): Added & { isFull: false } {
  return { isFull: false, known: new Set(), excess };
}

function excessOf(limits: readonly Limit[], open: ReadonlyMap<number, number>): Map<number, number> {
  const beyond = limits.map(({ number, cap }) => [number, (open.get(number) ?? 0) - cap] as const);
  return new Map(beyond.filter(([, excess]) => excess > 0));
}

/** The number that PostgreSQL gives an error. */
function reasonOf(error: unknown): unknown {
  return (error as { reason?: unknown }).reason;
}
