import { hotClock } from "@baldur/core/source/clock.js";
import { KvJournalStore } from "@baldur/core/source/journal/stores/kv.js";
import { journalStoreContract } from "@baldur/core/test/journal/contract.js";
import { jest } from "@jest/globals";
import { Folder, runs } from "./fixture.js";

jest.setTimeout(60_000);

journalStoreContract({
  name: "the store of the journal in the embedded store",
  runs: runs(5),
  create: async (clock, onDamaged) => {
    const folder = await Folder.create();
    const [first, second] = [await folder.open(), await folder.open()];
    return {
      store: new KvJournalStore({ store: first, clock: hotClock(clock), onDamaged }),
      other: new KvJournalStore({ store: second, clock: hotClock(clock), onDamaged }),
      damage: (id, text) => second.write((writer) => writer.put(`journal:entry:${id}`, text)),
      close: () => folder[Symbol.asyncDispose](),
    };
  },
});
