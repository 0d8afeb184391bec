import { createFakeClock, rateLimitStoreContract } from "@baldur/testkit";
import { MemoryRateLimitStore } from "../../src/rate-limit/stores/memory.js";

rateLimitStoreContract({
  name: "the store in memory",
  create: async () => {
    const clock = createFakeClock();
    return { store: new MemoryRateLimitStore(clock), clock };
  },
});
