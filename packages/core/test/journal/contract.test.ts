import { jest } from "@jest/globals";
import { hotClock } from "../../src/clock.js";
import type { OnDamaged } from "../../src/journal/store.js";
import { KvJournalStore } from "../../src/journal/stores/kv.js";
import { MemoryKeyValueStore } from "../../src/kv/stores/memory.js";
import { runs } from "../runtime.js";
import { journalStoreContract } from "./contract.js";

jest.setTimeout(60_000);

/** A map that two processes share, as they do a folder: reads and writes take turns of the event loop. */
class SharedKeyValueStore extends MemoryKeyValueStore {
  override readonly durable = true;

  override async write<T>(work: Parameters<MemoryKeyValueStore["write"]>[0]): Promise<T> {
    await new Promise((resolve) => setImmediate(resolve));
    return (await super.write(work)) as T;
  }
}

for (const [name, create] of [
  ["the store in memory", () => new MemoryKeyValueStore()],
  ["the store in a map that is shared", () => new SharedKeyValueStore()],
] as const) {
  journalStoreContract({
    name,
    runs: runs(100),
    create: async (clock, onDamaged) => {
      const map = create();
      const open = (told: OnDamaged) =>
        new KvJournalStore({ store: map, clock: hotClock(clock), onDamaged: told });
      return {
        store: open(onDamaged),
        other: open(onDamaged),
        damage: (id, text) => map.write((writer) => writer.put(`journal:entry:${id}`, text)),
      };
    },
  });
}
