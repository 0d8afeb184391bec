import { MemoryKeyValueStore } from "@baldur/core/plugin";
import { expect, it } from "@jest/globals";
import { dlqStoreContract } from "./contract.js";
import { Entries, NOW, ROOMY } from "./entries.js";
import { DAMAGES, onMap } from "./kv.js";

dlqStoreContract({
  name: "the store in memory",
  runs: 100,
  damages: DAMAGES,
  create: async (onCorrupt) => {
    const map = new MemoryKeyValueStore();
    return onMap(map, map, onCorrupt);
  },
});

it("a record in a map that says no group is refused every change", async () => {
  const map = new MemoryKeyValueStore();
  const { store, damage } = onMap(map, map, () => undefined);
  const entry = new Entries().make();
  await store.add([entry], ROOMY);
  await damage(entry.id, () => "damage");
  const claim = { owner: "o", token: "t", at: NOW };
  expect(await store.change([{ id: entry.id, input: { type: "claim", claim } }], NOW)).toEqual([
    { refused: "not_found" },
  ]);
  expect(await store.remove([entry.id], "pending")).toBe(0);
});
