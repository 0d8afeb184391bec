import { createFakeClock, documentStoreContract } from "@baldur/testkit";
import { MemoryDocumentStore } from "../../src/documents/stores/memory.js";
import { Files } from "./fixture.js";

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
