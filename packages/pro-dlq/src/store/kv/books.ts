import { type EntryStatus, type KeyValueReader, type KeyValueWriter, withPrefix } from "@baldur/core/plugin";
import { OPEN, STATUSES } from "../../entry/entry.js";
import { decodeBody, decodeRecord } from "../../entry/record.js";
import { parsed } from "../parsed.js";
import type { GroupCount, GroupFacts } from "../store.js";
import { entryKey, GROUPS, groupKey, lastPart, statesPrefix, TOTALS_KEY } from "./keys.js";

interface Group extends GroupFacts {
  /** By the order of the states. */
  readonly counts: number[];
}

/** Open entries, in all and by domain. */
interface Totals {
  open: number;
  readonly byDomain: Map<string, number>;
}

/** Group numbers by facts. They never change, so a process may remember those that it saw committed. */
export type GroupNumbers = Map<string, string>;

/** The counts of one transaction: read once, and written once at its end. */
export class Books {
  readonly #groups = new Map<string, Group>();
  /** Groups that the process does not remember yet. */
  readonly #fresh = new Map<string, string>();
  /** How many groups there are; unknown until they were looked through, which one transaction does once at most. */
  #size: number | undefined;
  #totals: Totals | undefined;

  constructor(
    private readonly writer: KeyValueWriter,
    private readonly known: GroupNumbers,
  ) {}

  /** The number of the group, which is made when there is none. */
  numberOf(facts: GroupFacts): string {
    const key = factsKey(facts);
    return this.known.get(key) ?? this.#found(key) ?? this.#begin(key, facts);
  }

  /** Counts an entry out of one state and into another; `undefined` is not to be there. Called before the entry moves. */
  move(number: string, from: EntryStatus | undefined, to: EntryStatus | undefined): void {
    const group = this.#group(number);
    if (from !== undefined) add(group.counts, from, -1);
    if (to !== undefined) add(group.counts, to, 1);
    const change = Number(isOpen(to)) - Number(isOpen(from));
    if (change !== 0) this.#addOpen(group.domain, change);
  }

  get open(): number {
    return this.#readTotals().open;
  }

  openOf(domain: string): number {
    return this.#readTotals().byDomain.get(domain) ?? 0;
  }

  /** Writes what was counted. Answers the groups that are new, to be remembered once they are committed. */
  close(): GroupNumbers {
    for (const [number, group] of this.#groups) this.writer.put(groupKey(number), JSON.stringify(group));
    if (this.#totals !== undefined) this.writer.put(TOTALS_KEY, JSON.stringify([...this.#totals.byDomain]));
    return this.#fresh;
  }

  #found(key: string): string | undefined {
    if (this.#size === undefined) this.#lookThrough();
    return this.#fresh.get(key);
  }

  #lookThrough(): void {
    this.#size = this.writer.keys(GROUPS).length;
    if (this.#size === this.known.size) return; // nobody else made one
    for (const [number, group] of readGroups(this.writer)) {
      const facts = factsKey(group);
      if (!this.known.has(facts)) this.#fresh.set(facts, number);
    }
  }

  #begin(key: string, { name, domain, failureType }: GroupFacts): string {
    const numbers = this.writer.keys(GROUPS).map((key) => Number.parseInt(lastPart(key), 36));
    const number = (Math.max(-1, ...numbers) + 1).toString(36);
    this.#size = numbers.length + 1;
    const group: Group = { name, domain, failureType, counts: STATUSES.map(() => 0) };
    this.writer.put(groupKey(number), JSON.stringify(group));
    this.#groups.set(number, group);
    this.#fresh.set(key, number);
    return number;
  }

  #group(number: string): Group {
    let group = this.#groups.get(number);
    if (group === undefined) {
      group = readGroup(this.writer, number, this.writer.get(groupKey(number)));
      if (group === undefined) throw new Error(`nothing tells what group ${number} is`);
      this.#groups.set(number, group);
    }
    return group;
  }

  #addOpen(domain: string, change: number): void {
    const totals = this.#readTotals();
    totals.open += change;
    totals.byDomain.set(domain, (totals.byDomain.get(domain) ?? 0) + change);
  }

  #readTotals(): Totals {
    if (this.#totals === undefined) {
      const byDomain = readTotals(this.writer) ?? sumOf(this.writer);
      this.#totals = { byDomain, open: [...byDomain.values()].reduce((sum, count) => sum + count, 0) };
    }
    return this.#totals;
  }
}

/** Every group with its number. */
export function readGroups(reader: KeyValueReader): [number: string, group: Group][] {
  return reader.range(GROUPS).flatMap(([key, text]): [string, Group][] => {
    const number = lastPart(key);
    const group = readGroup(reader, number, text);
    return group === undefined ? [] : [[number, group]];
  });
}

/** A group whose record is damaged is counted anew, by the states; what it is, its entries tell. */
function readGroup(reader: KeyValueReader, number: string, text: string | undefined): Group | undefined {
  const group = parsed<Group>(text);
  if (Array.isArray(group?.counts) && typeof group.domain === "string") return group;
  const ids = STATUSES.map((status) => reader.keys(withPrefix(statesPrefix(status, number))).map(lastPart));
  for (const id of ids.flat()) {
    const facts = factsOf(reader.get(entryKey(id)));
    if (facts !== undefined) return { ...facts, counts: ids.map(({ length }) => length) };
  }
  return undefined;
}

function factsOf(text: string | undefined): GroupFacts | undefined {
  try {
    const { name, domain, failureType } = decodeBody(decodeRecord(text ?? "").body);
    return { name, domain, failureType };
  } catch {
    return undefined; // whoever lists it puts it aside
  }
}

/** Open entries by domain; undefined where the record is damaged, or there is none yet. */
function readTotals(reader: KeyValueReader): Map<string, number> | undefined {
  const kept = parsed<[string, number][]>(reader.get(TOTALS_KEY));
  return Array.isArray(kept) ? new Map(kept) : undefined;
}

function sumOf(reader: KeyValueReader): Map<string, number> {
  const byDomain = new Map<string, number>();
  for (const [, { domain, counts }] of readGroups(reader)) {
    const open = OPEN.reduce((sum, status) => sum + (counts[STATUSES.indexOf(status)] ?? 0), 0);
    byDomain.set(domain, (byDomain.get(domain) ?? 0) + open);
  }
  return byDomain;
}

export function groupCount({ name, domain, failureType, counts }: Group): GroupCount {
  const present = STATUSES.map((status, index) => [status, counts[index] ?? 0] as const);
  return { name, domain, failureType, counts: Object.fromEntries(present.filter(([, count]) => count > 0)) };
}

function factsKey({ name, domain, failureType }: GroupFacts): string {
  return JSON.stringify([name, domain, failureType]);
}

function add(counts: number[], status: EntryStatus, change: number): void {
  const index = STATUSES.indexOf(status);
  counts[index] = Math.max(0, (counts[index] ?? 0) + change);
}

function isOpen(status: EntryStatus | undefined): boolean {
  return status !== undefined && OPEN.includes(status);
}
