import type { KeyValueStore } from "@baldur/core/plugin";
import { KvDlqStore } from "../../src/store/kv/store.js";
import { turn } from "../queue/runtime.js";
import type { DlqStoreHandles, DlqStoreSubject, OnCorrupt } from "./contract.js";

/** What may be wrong with the record of an entry in an ordered map. */
export const DAMAGES: DlqStoreSubject["damages"] = [
  ["text", "damage"],
  ["nothing", ""],
  ["another shape", '0\n{"b":2}'],
  ["another group", "7\n{}"],
];

/** The store on a map, of which there are two handles. */
export function onMap(
  first: KeyValueStore,
  second: KeyValueStore,
  onCorrupt: OnCorrupt,
  remove: () => Promise<void> = async () => undefined,
): DlqStoreHandles {
  const make = (map: KeyValueStore) => new KvDlqStore({ map: () => map, onCorrupt });
  const key = (id: string) => `dlq/entry/${id}`;
  return {
    store: make(first),
    other: make(second),
    damage: (id, damaged) => first.write((writer) => writer.put(key(id), damaged(writer.get(key(id)) ?? ""))),
    quarantined: async (id) => first.read((reader) => reader.get(`dlq/quarantine/${id}`)),
    idle: async () => {
      await first.write(() => undefined); // behind the one that puts it aside
      await turn();
    },
    end: () => first.close(),
    async close() {
      await first.close();
      await second.close();
      await remove();
    },
  };
}
