import { AdapterError } from "@baldur/core";
import type { EntryStatus, KeyValueReader, KeyValueWriter } from "@baldur/core/plugin";
import { type Entry, type EntryState, STATUSES } from "../../entry/entry.js";
import {
  decodeBody,
  decodeRecord,
  decodeState,
  encodeRecord,
  encodeState,
  type StoredRecord,
} from "../../entry/record.js";
import { type Input, transition } from "../../entry/transition.js";
import type { AddOutcome, Capacity, Changed, NewEntry } from "../store.js";
import { type Books, readGroups } from "./books.js";
import { entryKey, quarantineKey, stateKey } from "./keys.js";

export const NOT_FOUND: Changed = Object.freeze({ refused: "not_found" as const });

interface Found extends StoredRecord {
  readonly state: EntryState;
}

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
  const group = books.numberOf(entry);
  writer.put(entryKey(id), encodeRecord({ group, body }));
  books.move(group, undefined, state.status);
  writer.put(stateKey(state.status, group, id), encodeState(state));
  return "added";
}

/** A change moves the state and leaves the record as it is, however large. */
export function changeOne(
  writer: KeyValueWriter,
  books: Books,
  id: string,
  input: Input,
  now: number,
): Changed {
  const found = findReadable(writer, id);
  if (found === undefined) return NOT_FOUND;
  const { state, group } = found;
  const outcome = transition(state, input, now);
  if ("refused" in outcome) return { refused: outcome.refused, state };
  const { status } = outcome.state;
  if (status !== state.status) {
    books.move(group, state.status, status);
    writer.delete(stateKey(state.status, group, id));
  }
  writer.put(stateKey(status, group, id), encodeState(outcome.state));
  return { state: outcome.state };
}

/** An entry whose body was not looked at; undefined when there is none. Throws for one that is damaged. */
export function find(reader: KeyValueReader, id: string, state?: EntryState): Found | undefined {
  const text = reader.get(entryKey(id));
  if (text === undefined) return undefined;
  const { group, body } = decodeRecord(text);
  return { group, body, state: state ?? stateOf(reader, group, id) };
}

function stateOf(reader: KeyValueReader, group: string, id: string): EntryState {
  for (const status of STATUSES) {
    const text = reader.get(stateKey(status, group, id));
    if (text !== undefined) return decodeState(text, status);
  }
  throw new Error("its state is missing");
}

/** What is damaged is put aside by whoever lists or gets it. */
function findReadable(reader: KeyValueReader, id: string): Found | undefined {
  return unlessDamaged(() => find(reader, id));
}

/** An entry with its body, if both can be read. */
export function readOne(writer: KeyValueWriter, id: string): Entry | undefined {
  return unlessDamaged(() => {
    const found = find(writer, id);
    return found && { state: found.state, body: decodeBody(found.body) };
  });
}

function unlessDamaged<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof AdapterError) throw error; // the store cannot be read at all
    return undefined; // as the callers say
  }
}

export function removeOne(writer: KeyValueWriter, books: Books, id: string, only?: EntryStatus): boolean {
  const found = findReadable(writer, id);
  if (found === undefined) return false;
  const { status } = found.state;
  if (only !== undefined && status !== only) return false;
  books.move(found.group, status, undefined);
  writer.delete(entryKey(id));
  writer.delete(stateKey(status, found.group, id));
  return true;
}

/**
 * What cannot be read does not say where its state is, so every place is looked at: it happens seldom. A state may have lost
 * its record, too. False where nothing is left.
 */
export function quarantine(writer: KeyValueWriter, books: Books, id: string): boolean {
  const text = writer.get(entryKey(id));
  if (text !== undefined) {
    writer.put(quarantineKey(id), text);
    writer.delete(entryKey(id));
  }
  let isMoved = text !== undefined;
  for (const [group] of readGroups(writer)) {
    for (const status of STATUSES) isMoved = putAside(writer, books, { status, group, id }) || isMoved;
  }
  return isMoved;
}

interface Place {
  readonly status: EntryStatus;
  readonly group: string;
  readonly id: string;
}

function putAside(writer: KeyValueWriter, books: Books, { status, group, id }: Place): boolean {
  const key = stateKey(status, group, id);
  const text = writer.get(key);
  if (text === undefined) return false;
  writer.put(`${quarantineKey(id)}/${status}`, text);
  books.move(group, status, undefined);
  writer.delete(key);
  return true;
}
