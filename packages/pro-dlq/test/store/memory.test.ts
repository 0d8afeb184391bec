import { MemoryKeyValueStore } from "@baldur/core/plugin";
import { dlqStoreContract } from "./contract.js";

dlqStoreContract({
  name: "the store in memory",
  create: async () => {
    const map = new MemoryKeyValueStore();
    return { first: map, second: map };
  },
});
