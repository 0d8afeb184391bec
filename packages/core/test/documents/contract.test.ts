import { createFakeClock, documentStoreContract, type FakeClock } from "@baldur/testkit";
import { KvDocumentStore } from "../../src/documents/stores/kv.js";
import { MemoryDocumentStore } from "../../src/documents/stores/memory.js";
import { MemoryKeyValueStore } from "../../src/kv/stores/memory.js";
import { TelemetryHub } from "../../src/telemetry/telemetry.js";
import { Files, POLL_INTERVAL } from "./fixture.js";

documentStoreContract({
  name: "the memory store",
  create: async () => {
    const store = new MemoryDocumentStore(createFakeClock());
    return { first: store, second: store };
  },
  propagate: async () => undefined,
});

let files: Files;

documentStoreContract({
  name: "the file store",
  create: async () => {
    files = await Files.create();
    return { first: files.store(), second: files.store(), close: () => files[Symbol.asyncDispose]() };
  },
  propagate: () => files.looks(),
});

let clock: FakeClock;

documentStoreContract({
  name: "the store in an ordered map",
  create: async () => {
    clock = createFakeClock();
    const map = new MemoryKeyValueStore();
    const options = {
      store: () => map,
      clock,
      telemetry: new TelemetryHub(clock),
      pollInterval: POLL_INTERVAL,
    };
    return { first: new KvDocumentStore(options), second: new KvDocumentStore(options) };
  },
  propagate: () => clock.advance(POLL_INTERVAL),
});
