import type { EntryStatus, KeyValueWriter } from "@baldur/core/plugin";
import { type Entry, type EntryState, STATUSES } from "../../entry/entry.js";
import {
  decodeBody,
  decodeRecord,
  decodeState,
  encodeNew,
  encodeRecord,
  StoredEntry,
  type StoredRecord,
} from "../../entry/record.js";
import { type Input, transition } from "../../entry/transition.js";
import type { AddOutcome, Capacity, Changed, NewEntry } from "../store.js";
import { type Books, readGroups } from "./books.js";
import { entryKey, indexPrefix, quarantineKey } from "./keys.js";

const INDEXED = "";

export const NOT_FOUND: Changed = Object.freeze({ refused: "not_found" as const });

export function addOne(
  writer: KeyValueWriter,
  books: Books,
  entry: NewEntry,
  capacity: Capacity,
): AddOutcome {
  const { id, domain, state, body } = entry;
  if (capacity.strategy === "reject") {
    if (books.open >= capacity.total) return "dlq_capacity_exceeded";
    if (books.openOf(domain) >= capacity.perDomain) return "domain_capacity_exceeded";
  }
  const number = books.numberOf(entry);
  writer.put(entryKey(id), encode(state, body, number));
  books.move(number, undefined, state.status);
  writer.put(`${indexPrefix(state.status, number)}${id}`, INDEXED);
  return "added";
}

function encode(state: EntryState, body: string, group: string): string {
  const isNew = state.status === "pending" && state.retryCount === 0;
  return isNew ? encodeNew(state, body, group) : encodeRecord({ ...state, group }, body);
}

export function changeOne(
  writer: KeyValueWriter,
  books: Books,
  id: string,
  input: Input,
  now: number,
): Changed {
  const record = readable(writer.get(entryKey(id)));
  if (record === undefined) return NOT_FOUND;
  const { state, body } = record;
  const outcome = transition(state, input, now);
  if ("refused" in outcome) return { refused: outcome.refused, entry: new StoredEntry(state, body) };
  writer.put(entryKey(id), encodeRecord(outcome.state, body));
  if (state.status !== outcome.state.status) {
    const number = groupOf(books, record);
    books.move(number, state.status, outcome.state.status);
    writer.delete(`${indexPrefix(state.status, number)}${id}`);
    writer.put(`${indexPrefix(outcome.state.status, number)}${id}`, INDEXED);
  }
  return { entry: new StoredEntry(outcome.state, body) };
}

/** What cannot be read is put aside by whoever lists or gets it. */
function readable(text: string | undefined): StoredRecord | undefined {
  try {
    return text === undefined ? undefined : decodeState(text);
  } catch {
    return undefined; // as above
  }
}

function groupOf(books: Books, { state, body }: StoredRecord): string {
  return state.group ?? books.numberOf(decodeBody(body));
}

/** An entry with its body, if both can be read. */
export function readOne(writer: KeyValueWriter, id: string): Entry | undefined {
  try {
    return decodeRecord(writer.get(entryKey(id)) ?? "");
  } catch {
    return undefined; // as above
  }
}

export function removeOne(
  writer: KeyValueWriter,
  books: Books,
  id: string,
  only?: EntryStatus,
): Entry | undefined {
  const record = readable(writer.get(entryKey(id)));
  if (record === undefined) return undefined;
  const { status } = record.state;
  if (only !== undefined && status !== only) return undefined;
  const number = groupOf(books, record);
  books.move(number, status, undefined);
  writer.delete(entryKey(id));
  writer.delete(`${indexPrefix(status, number)}${id}`);
  return new StoredEntry(record.state, record.body);
}

/**
 * What cannot be read does not say where it is indexed, so every place is looked at: it happens seldom. False where it is
 * gone already.
 */
export function quarantine(writer: KeyValueWriter, books: Books, id: string): boolean {
  const text = writer.get(entryKey(id));
  if (text === undefined) return false;
  writer.put(quarantineKey(id), text);
  writer.delete(entryKey(id));
  for (const [number] of readGroups(writer)) {
    for (const status of STATUSES) unindex(writer, books, status, number, id);
  }
  return true;
}

function unindex(
  writer: KeyValueWriter,
  books: Books,
  status: EntryStatus,
  number: string,
  id: string,
): void {
  const key = `${indexPrefix(status, number)}${id}`;
  if (writer.get(key) === undefined) return;
  books.move(number, status, undefined);
  writer.delete(key);
}
