import { AdapterError } from "@baldur/core";
import type { KeyValueReader, KeyValueStore, KeyValueWriter } from "@baldur/core/plugin";
import type { Loss } from "./place.js";
import type { LmdbStore } from "./store.js";

/**
 * Of the ESM and the CommonJS build, and of every copy of the package in this thread: opening a file takes the engine's
 * write lock at once, and who holds it in the same thread could never go on to give it back.
 */
const KEY: unique symbol = Symbol.for("@baldur/embedded.stores@0");

interface Shared {
  readonly opening: Promise<LmdbStore>;
  users: number;
  closing?: Promise<void>;
}

function stores(): Map<string, Shared> {
  const holder = globalThis as { [KEY]?: Map<string, Shared> };
  holder[KEY] ??= new Map();
  return holder[KEY];
}

export interface Sharing {
  readonly open: () => Promise<LmdbStore>;
  /** Told once, when the file of the store is lost. */
  readonly onLoss: (loss: Loss) => void;
}

/**
 * A handle on the store of a folder. It is opened for the first one and closed with the last. Rejects with `AdapterError`
 * when the store is open and its file is lost.
 */
export async function share(folder: string, { open, onLoss }: Sharing): Promise<KeyValueStore> {
  let shared = stores().get(folder);
  while (shared?.closing !== undefined) {
    await shared.closing;
    shared = stores().get(folder);
  }
  shared ??= enter(folder, open);
  shared.users++;
  const store = await shared.opening;
  try {
    store.place.check();
  } catch (error) {
    await leave(folder, shared, store);
    throw error;
  }
  const forget = store.place.onLoss(onLoss);
  return new Handle(store, () => leave(folder, shared, store).finally(forget));
}

function enter(folder: string, open: () => Promise<LmdbStore>): Shared {
  const shared = { opening: open(), users: 0 };
  stores().set(folder, shared);
  shared.opening.catch(() => stores().delete(folder)); // whoever waits for it is told
  return shared;
}

function leave(folder: string, shared: Shared, store: LmdbStore): Promise<void> {
  if (--shared.users > 0) return store.settled();
  shared.closing = store.close().finally(() => stores().delete(folder));
  return shared.closing;
}

class Handle implements KeyValueStore {
  #closing: Promise<void> | undefined;

  constructor(
    private readonly store: LmdbStore,
    private readonly leave: () => Promise<void>,
  ) {}

  get location(): string {
    return this.store.location;
  }

  get durable(): boolean {
    return this.store.durable;
  }

  read<T>(work: (reader: KeyValueReader) => T): T {
    if (this.#closing !== undefined) throw this.#closed();
    return this.store.read(work);
  }

  write<T>(work: (writer: KeyValueWriter) => T): Promise<T> {
    return this.#closing === undefined ? this.store.write(work) : Promise.reject(this.#closed());
  }

  close(): Promise<void> {
    this.#closing ??= this.leave();
    return this.#closing;
  }

  #closed(): AdapterError {
    return new AdapterError(`the embedded store in ${this.location} is closed`);
  }
}
