import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type KeyValueStore, type Plugin, systemClock } from "@baldur/core/plugin";
import { embedded } from "@baldur/embedded";
import { describe, expect, it } from "@jest/globals";
import { KvDlqStore } from "../../src/store/kv/store.js";
import { dlqStoreContract } from "./contract.js";
import { Entries, idsOf, ROOMY } from "./entries.js";
import { DAMAGES, onMap } from "./kv.js";

/** The engine as its plugin provides it. */
async function open(folder: string): Promise<KeyValueStore> {
  let made: (() => unknown) | undefined;
  const context = {
    provider: (_: string, factory: () => unknown) => {
      made = factory;
    },
    clock: systemClock(),
    telemetry: { report: () => undefined },
    dataFolder: () => folder,
  };
  embedded().register(context as unknown as Parameters<Plugin["register"]>[0]);
  return (await made?.()) as KeyValueStore;
}

const newFolder = () => mkdtemp(join(tmpdir(), "baldur-dlq-embedded-"));

dlqStoreContract({
  name: "the embedded store",
  runs: 5,
  damages: DAMAGES,
  create: async (onCorrupt) => {
    const folder = await newFolder();
    const [first, second] = [await open(join(folder, "state")), await open(join(folder, "state"))];
    return onMap(first, second, onCorrupt, () => rm(folder, { recursive: true, force: true }));
  },
});

describe("the embedded store", () => {
  it("has everything after a restart", async () => {
    const folder = await newFolder();
    const entries = new Entries();
    const store = (map: KeyValueStore) => new KvDlqStore({ map: () => map, onCorrupt: () => undefined });
    const before = await open(folder);
    const made = entries.many(3);
    await store(before).add(made, ROOMY);
    await before.close();
    const after = await open(folder);
    expect(idsOf(await store(after).list({}, { limit: 9 }))).toEqual(made.map(({ id }) => id).toReversed());
    expect(await store(after).counts()).toMatchObject([{ name: "orders", counts: { pending: 3 } }]);
    await after.close();
    await rm(folder, { recursive: true });
  });
});
