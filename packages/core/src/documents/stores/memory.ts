import type { Clock } from "../../clock.js";
import type { CompareAndSetResult, DocumentStore, VersionedDocument } from "../documents.js";

type Listener = (document: VersionedDocument | undefined) => void;

/** Documents of one process. */
export class MemoryDocumentStore implements DocumentStore {
  readonly #documents = new Map<string, VersionedDocument>();
  readonly #listeners = new Map<string, Set<Listener>>();

  constructor(
    private readonly clock: Clock,
    /** Told what a watcher throws: the document is written, and its writer must not take that for a failure of its own. */
    private readonly watcherFailed: (error: unknown) => void = () => undefined,
  ) {}

  async read(key: string): Promise<VersionedDocument | undefined> {
    return this.#documents.get(key);
  }

  async compareAndSet(key: string, expectedVersion: number, value: object): Promise<CompareAndSetResult> {
    const current = this.#documents.get(key);
    if ((current?.version ?? 0) !== expectedVersion) {
      return current === undefined ? { ok: false } : { ok: false, current };
    }
    const document = {
      version: expectedVersion + 1,
      value: structuredClone(value),
      updatedAt: this.clock.now(),
    };
    this.#documents.set(key, document);
    for (const listener of this.#listeners.get(key) ?? []) this.#tell(listener, document);
    return { ok: true, version: document.version };
  }

  watch(key: string, listener: Listener): Disposable {
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners.add(listener));
    return { [Symbol.dispose]: () => void listeners.delete(listener) };
  }

  async close(): Promise<void> {
    this.#listeners.clear();
  }

  #tell(listener: Listener, document: VersionedDocument): void {
    try {
      listener(document);
    } catch (error) {
      this.watcherFailed(error);
    }
  }
}
