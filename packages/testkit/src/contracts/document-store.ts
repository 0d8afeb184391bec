import type { DocumentStore } from "@baldur/core/plugin";
import { testFramework } from "./test-framework.js";

/** What the contract needs of a store under test. @public */
export interface DocumentStoreSubject {
  readonly name: string;
  /** Two handles on one store, as two processes would have. */
  create(): Promise<{
    readonly first: DocumentStore;
    readonly second: DocumentStore;
    close?(): Promise<void>;
  }>;
  /** Lets so much time pass that a change made through one handle is seen through the other. */
  propagate(): Promise<void>;
}

/** The promises of the document store port, as a suite of tests. @public */
export function documentStoreContract(subject: DocumentStoreSubject): void {
  const { afterEach, describe, expect, it } = testFramework();
  describe(`${subject.name} keeps the contract of document stores`, () => {
    let opened: { first: DocumentStore; second: DocumentStore; close?(): Promise<void> } | undefined;
    const open = async () => {
      opened = await subject.create();
      return opened;
    };

    afterEach(async () => {
      await opened?.first.close();
      await opened?.second.close();
      await opened?.close?.();
      opened = undefined;
    });

    it("reads nothing where nothing was written", async () => {
      const { first } = await open();
      await expect(first.read("absent")).resolves.toBeUndefined();
    });

    it("writes version 1 onto nothing, and one more with every change", async () => {
      const { first } = await open();
      await expect(first.compareAndSet("key", 0, { a: 1 })).resolves.toEqual({ ok: true, version: 1 });
      await expect(first.compareAndSet("key", 1, { a: 2 })).resolves.toEqual({ ok: true, version: 2 });
      await expect(first.read("key")).resolves.toMatchObject({ version: 2, value: { a: 2 } });
    });

    it("refuses another version and answers what is there", async () => {
      const { first } = await open();
      await expect(first.compareAndSet("key", 3, { a: 1 })).resolves.toMatchObject({ ok: false });
      await first.compareAndSet("key", 0, { a: 1 });
      const refused = await first.compareAndSet("key", 0, { a: 2 });
      expect(refused).toMatchObject({ ok: false, current: { version: 1, value: { a: 1 } } });
      await expect(first.read("key")).resolves.toMatchObject({ version: 1, value: { a: 1 } });
    });

    it("shows one handle what another wrote", async () => {
      const { first, second } = await open();
      await first.compareAndSet("key", 0, { from: "first" });
      await expect(second.read("key")).resolves.toMatchObject({ version: 1, value: { from: "first" } });
      await expect(second.compareAndSet("key", 1, { from: "second" })).resolves.toEqual({
        ok: true,
        version: 2,
      });
    });

    it("lets one of many concurrent writers win each version", async () => {
      const { first, second } = await open();
      const stores = [first, second, first, second, first, second];
      const results = await Promise.all(stores.map((store, n) => store.compareAndSet("key", 0, { n })));
      expect(results.filter(({ ok }) => ok)).toHaveLength(1);
      await expect(first.read("key")).resolves.toMatchObject({ version: 1 });
    });

    it("keeps documents apart by key", async () => {
      const { first } = await open();
      await first.compareAndSet("one", 0, { is: 1 });
      await first.compareAndSet("two", 0, { is: 2 });
      await expect(first.read("one")).resolves.toMatchObject({ value: { is: 1 } });
      await expect(first.read("two")).resolves.toMatchObject({ value: { is: 2 } });
    });

    it("keeps a value apart from the object that it was written from", async () => {
      const { first } = await open();
      const value = { list: [1] };
      await first.compareAndSet("key", 0, value);
      value.list.push(2);
      await expect(first.read("key")).resolves.toMatchObject({ value: { list: [1] } });
    });

    it("tells a watcher about changes made through another handle, until it is disposed of", async () => {
      const { first, second } = await open();
      const seen: (number | undefined)[] = [];
      const watch = second.watch("key", (document) => seen.push(document?.version));
      await subject.propagate();
      await first.compareAndSet("key", 0, { a: 1 });
      await subject.propagate();
      expect(seen.at(-1)).toBe(1);
      watch[Symbol.dispose]();
      await first.compareAndSet("key", 1, { a: 2 });
      await subject.propagate();
      expect(seen.at(-1)).toBe(1);
    });
  });
}
