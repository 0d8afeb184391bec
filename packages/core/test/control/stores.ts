import type { CompareAndSetResult, DocumentStore, VersionedDocument } from "../../src/documents/documents.js";

/** A store that fails or answers late when it is told to, around one that works. */
export class Unreliable implements DocumentStore {
  readable = true;
  writable = true;
  writes = 0;
  /** Reads answer what was there when they began, and when this has resolved. */
  delay: Promise<void> | undefined;

  constructor(private readonly inner: DocumentStore) {}

  async read(key: string): Promise<VersionedDocument | undefined> {
    if (!this.readable) throw new Error("the store cannot be read");
    const { delay } = this;
    const document = await this.inner.read(key);
    await delay;
    return document;
  }

  async compareAndSet(key: string, expectedVersion: number, value: object): Promise<CompareAndSetResult> {
    this.writes++;
    if (!this.writable) throw new Error("the store cannot be written");
    return this.inner.compareAndSet(key, expectedVersion, value);
  }

  watch(key: string, listener: (document: VersionedDocument | undefined) => void): Disposable {
    return this.inner.watch(key, listener);
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
