import { createFakeClock, fleetStoreContract } from "@baldur/testkit";
import { MemoryFleetStore } from "../../../src/circuit-breaker/stores/memory.js";

fleetStoreContract({
  name: "the store in memory",
  create: async () => {
    const clock = createFakeClock();
    const store = new MemoryFleetStore(clock);
    return { store, other: store, clock };
  },
});
