import { keyValueStoreContract } from "@baldur/testkit";
import { MemoryKeyValueStore } from "../../src/kv/stores/memory.js";

keyValueStoreContract({
  name: "the store in memory",
  create: async () => {
    const store = new MemoryKeyValueStore();
    return { first: store, second: store };
  },
});
