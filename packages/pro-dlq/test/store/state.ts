import { type KeyValueStore, withPrefix } from "@baldur/core/plugin";
import { type EntryState, STATUSES } from "../../src/entry/entry.js";
import { decodeState } from "../../src/entry/record.js";

/** The key under which the state of an entry is kept, whatever its status is. */
export function stateKeyOf(map: Pick<KeyValueStore, "read">, id: string): string {
  const keys = map.read((reader) => reader.keys(withPrefix("dlq/state/")));
  const key = keys.find((each) => each.endsWith(`/${id}`));
  if (key === undefined) throw new Error(`${id} has no state`);
  return key;
}

/** A state as it is stored: its key says its status. */
export function readState(key: string, text: string): EntryState {
  return decodeState(text, STATUSES[Number(key.split("/")[2])] as EntryState["status"]);
}

/** The state of an entry as it is stored. */
export function storedState(map: Pick<KeyValueStore, "read">, id: string): EntryState {
  const key = stateKeyOf(map, id);
  return readState(key, map.read((reader) => reader.get(key)) as string);
}
