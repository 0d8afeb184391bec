import type { EntryBody, EntryState } from "../entry/entry.js";
import { isEntryId } from "../entry/id.js";
import { checkState, decodeBody } from "../entry/record.js";
import type { NewEntry } from "../store/store.js";

/** A new entry as one line, for the spill file and the error stream. */
export function encodeSpilled({ state, body }: NewEntry): string {
  return `{"state":${JSON.stringify(state)},"body":${body}}`;
}

/** Throws for what is no entry. */
export function decodeSpilled(line: string): NewEntry {
  const { state, body } = JSON.parse(line) as { state: EntryState; body: EntryBody };
  const text = JSON.stringify(body);
  const { id, name, domain, failureType } = decodeBody(text);
  if (!isEntryId(id)) throw new Error("its id is none");
  return { id, name, domain, failureType, state: checkState(state), body: text };
}
