import { mkdir, rm, writeFile } from "node:fs/promises";
import { createFakeClock } from "@baldur/testkit";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { DocumentStore } from "../../src/documents/documents.js";
import { MemoryDocumentStore } from "../../src/documents/stores/memory.js";
import { turn } from "../runtime.js";
import { Files, POLL_INTERVAL } from "./fixture.js";

let files: Files;
beforeEach(async () => {
  files = await Files.create();
});
afterEach(() => files[Symbol.asyncDispose]());

const versions = (store: DocumentStore, seen: (number | undefined)[] = []) => {
  const watch = store.watch("key", (document) => seen.push(document?.version));
  return { seen, watch };
};

describe("a watcher of the file store", () => {
  it("is told once per change, and not at all while nothing changes", async () => {
    const { seen } = versions(files.store());
    await files.looks();
    expect(seen).toEqual([]);
    await files.store().compareAndSet("key", 0, { a: 1 });
    await files.looks();
    await files.looks();
    expect(seen).toEqual([1]);
  });

  it("is told when the document is gone", async () => {
    await files.store().compareAndSet("key", 0, { a: 1 });
    const { seen } = versions(files.store());
    await files.looks();
    await rm(files.folder, { recursive: true });
    await files.looks();
    expect(seen).toStrictEqual([1, undefined]);
  });

  it("is told nothing while the folder cannot be read, and of the change as soon as it can", async () => {
    const { seen } = versions(files.store());
    await files.looks();
    await mkdir(`${files.root}/state`);
    await writeFile(files.folder, "in the way");
    await files.looks();
    expect(seen).toEqual([]);
    await rm(files.folder);
    await files.store().compareAndSet("key", 0, { a: 1 });
    await files.looks();
    expect(seen).toEqual([1]);
  });

  it("is told of a document that went while the folder could not be read", async () => {
    await files.store().compareAndSet("key", 0, { a: 1 });
    const { seen } = versions(files.store());
    await files.looks();
    await rm(files.folder, { recursive: true });
    await writeFile(files.folder, "in the way");
    await files.looks();
    await rm(files.folder);
    await files.looks();
    expect(seen).toStrictEqual([1, undefined]);
  });

  it("is told again when it threw", async () => {
    let calls = 0;
    files.store().watch("key", () => {
      if (++calls === 1) throw new Error("not yet");
    });
    await files.store().compareAndSet("key", 0, { a: 1 });
    await files.looks();
    expect(calls).toBe(2);
  });

  it("is told nothing after its disposal, also when a look was under way", async () => {
    await files.store().compareAndSet("key", 0, { a: 1 });
    const { seen, watch } = versions(files.store());
    const look = files.clock.advance(POLL_INTERVAL);
    watch[Symbol.dispose]();
    await look;
    await files.looks();
    expect(seen).toEqual([]);
    const other = versions(files.store());
    files.clock.setTimeout(() => other.watch[Symbol.dispose](), POLL_INTERVAL);
    await files.looks();
    expect(other.seen).toEqual([]);
  });

  it("leaves no timer behind when it is disposed of or its store closed", async () => {
    const store = files.store();
    const { watch } = versions(store);
    versions(store);
    expect(files.clock.pending).toBe(2);
    watch[Symbol.dispose]();
    expect(files.clock.pending).toBe(1);
    await store.close();
    expect(files.clock.pending).toBe(0);
  });

  it("of one key hears nothing of another", async () => {
    const { seen } = versions(files.store());
    await files.store().compareAndSet("other", 0, { a: 1 });
    await files.looks();
    expect(seen).toEqual([]);
  });
});

describe("a watcher of the memory store", () => {
  it("that throws keeps neither the writer nor other watchers from theirs", async () => {
    const store = new MemoryDocumentStore(createFakeClock());
    store.watch("key", () => {
      throw new Error("boom");
    });
    const { seen } = versions(store);
    await expect(store.compareAndSet("key", 0, { a: 1 })).resolves.toEqual({ ok: true, version: 1 });
    await turn();
    expect(seen).toEqual([1]);
  });
});
