import type { EntryStatus, KeyValueWriter } from "@baldur/core/plugin";
import { type Entry, type EntryState, STATUSES } from "../../entry/entry.js";
import {
  decodeBody,
  decodeRecord,
  decodeState,
  encodeRecord,
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
  const key = entryKey(id);
  if (writer.get(key) !== undefined) return "known";
  if (capacity.strategy === "reject") {
    if (books.open >= capacity.total) return "dlq_capacity_exceeded";
    if (books.openOf(domain) >= capacity.perDomain) return "domain_capacity_exceeded";
  }
  const number = books.numberOf(entry);
  writer.put(key, encodeRecord(state, body));
  writer.put(`${indexPrefix(state.status, number)}${id}`, INDEXED);
  books.move(number, undefined, state.status);
  return "added";
}

export function changeOne(
  writer: KeyValueWriter,
  books: Books,
  id: string,
  input: Input,
  now: number,
): Changed {
  const text = writer.get(entryKey(id));
  if (text === undefined) return NOT_FOUND;
  const record = readable(text);
  if (record === undefined) return NOT_FOUND;
  const before = record.state;
  const outcome = transition(before, input, now);
  const body = decodeBody(record.body);
  if ("refused" in outcome) return { refused: outcome.refused, entry: { state: before, body } };
  writer.put(entryKey(id), encodeRecord(outcome.state, record.body));
  reindex(writer, books, { body, state: before }, outcome.state);
  return { entry: { state: outcome.state, body } };
}

function readable(text: string): StoredRecord | undefined {
  try {
    const record = decodeState(text);
    decodeBody(record.body);
    return record;
  } catch {
    return undefined; // whoever lists or gets it puts it aside
  }
}

function reindex(writer: KeyValueWriter, books: Books, { body, state }: Entry, next: EntryState): void {
  if (state.status === next.status) return;
  const number = books.numberOf(body);
  writer.delete(`${indexPrefix(state.status, number)}${body.id}`);
  writer.put(`${indexPrefix(next.status, number)}${body.id}`, INDEXED);
  books.move(number, state.status, next.status);
}

export function removeOne(
  writer: KeyValueWriter,
  books: Books,
  id: string,
  only?: EntryStatus,
): Entry | undefined {
  const text = writer.get(entryKey(id));
  if (text === undefined) return undefined;
  const entry = decodeRecord(text);
  const { status } = entry.state;
  if (only !== undefined && status !== only) return undefined;
  const number = books.numberOf(entry.body);
  writer.delete(entryKey(id));
  writer.delete(`${indexPrefix(status, number)}${id}`);
  books.move(number, status, undefined);
  return entry;
}

/** What cannot be read does not say where it is indexed, so every place is looked at: it happens seldom. */
export function quarantine(writer: KeyValueWriter, books: Books, id: string): void {
  const text = writer.get(entryKey(id));
  if (text === undefined) return;
  writer.put(quarantineKey(id), text);
  writer.delete(entryKey(id));
  for (const [number] of readGroups(writer)) {
    for (const status of STATUSES) unindex(writer, books, status, number, id);
  }
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
  writer.delete(key);
  books.move(number, status, undefined);
}
