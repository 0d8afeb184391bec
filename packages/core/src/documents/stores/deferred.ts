import { AdapterError } from "../../errors.js";
import type { CompareAndSetResult, DocumentStore, VersionedDocument } from "../documents.js";

type Listener = (document: VersionedDocument | undefined) => void;

interface Watch {
  readonly key: string;
  readonly listener: Listener;
  /** On the store in use; undefined where there is none yet. */
  watching: Disposable | undefined;
}

/** Documents of a runtime that learns only at its start where they are. Until then they are in the first store, if any. */
export class DeferredDocumentStore implements DocumentStore {
  #store: DocumentStore | undefined;
  readonly #watches = new Set<Watch>();

  constructor(first: DocumentStore | undefined) {
    this.#store = first;
  }

  /** From now on documents are here. Whoever watches one goes on doing so; what the store before held stays there. */
  async use(store: DocumentStore): Promise<void> {
    const before = this.#store;
    this.#store = store;
    for (const watch of this.#watches) {
      watch.watching?.[Symbol.dispose]();
      watch.watching = store.watch(watch.key, watch.listener);
    }
    await before?.close();
  }

  async read(key: string): Promise<VersionedDocument | undefined> {
    return this.#required.read(key);
  }

  async compareAndSet(key: string, expectedVersion: number, value: object): Promise<CompareAndSetResult> {
    return this.#required.compareAndSet(key, expectedVersion, value);
  }

  watch(key: string, listener: Listener): Disposable {
    const watch: Watch = { key, listener, watching: this.#store?.watch(key, listener) };
    this.#watches.add(watch);
    return {
      [Symbol.dispose]: () => {
        this.#watches.delete(watch);
        watch.watching?.[Symbol.dispose]();
      },
    };
  }

  async close(): Promise<void> {
    await this.#store?.close();
  }

  get #required(): DocumentStore {
    if (this.#store === undefined)
      throw new AdapterError("the documents are on a server that is not connected to before start()");
    return this.#store;
  }
}
