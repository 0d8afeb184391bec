import { AdapterError } from "@baldur/core";
import type { KeyRange, KeyValue, KeyValueReader, KeyValueStore, KeyValueWriter } from "@baldur/core/plugin";
import type { RootDatabase } from "lmdb";

/** Works of one transaction: more would keep readers of the event loop waiting, fewer would pay for the disk more often. */
const LARGEST_BATCH = 256;

interface Queued {
  readonly work: (writer: KeyValueWriter) => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
  result?: { readonly value: unknown } | { readonly error: unknown };
}

/**
 * An ordered map in a memory-mapped file. Reads cost no I/O; what is to be written gathers while the last transaction is on
 * its way to the disk, and goes out with the next, in a thread of the engine.
 */
export class LmdbStore implements KeyValueStore {
  readonly durable = true;
  readonly #access: Access;
  #queue: Queued[] = [];
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor(
    readonly location: string,
    private readonly database: RootDatabase<string, string>,
  ) {
    this.#access = new Access(database);
  }

  read<T>(work: (reader: KeyValueReader) => T): T {
    this.#assertOpen();
    this.database.resetReadTxn(); // the present state, not the one of this turn's first reading
    return work(this.#access);
  }

  write<T>(work: (writer: KeyValueWriter) => T): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closedError());
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ work, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writing;
    await this.database.close();
  }

  async #writeAll(): Promise<void> {
    await undefined; // works of one turn share a transaction
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, LARGEST_BATCH);
      try {
        await this.#commit(batch);
        for (const queued of batch) settle(queued);
      } catch (error) {
        const failure = await this.#describe(error);
        for (const { reject } of batch) reject(failure);
      }
    }
    this.#writing = undefined;
  }

  async #commit(batch: readonly Queued[]): Promise<void> {
    await this.database.transaction(() => {
      for (const queued of batch) this.#run(queued);
    });
  }

  /** In a transaction of its own within the batch, so that one that throws takes only its own writes back. */
  #run(queued: Queued): void {
    try {
      let value: unknown;
      void this.database.childTransaction(() => {
        value = queued.work(this.#access);
      });
      queued.result = { value };
    } catch (error) {
      queued.result = { error };
    }
  }

  /** The engine hides the cause of a failed commit behind a promise, which nobody else catches. */
  async #describe(error: unknown): Promise<AdapterError> {
    const hidden = (error as { commitError?: Promise<unknown> }).commitError;
    const cause = await Promise.resolve(hidden ?? error).catch((reason: unknown) => reason);
    return new AdapterError(`cannot write ${this.location}: ${(cause as Error).message}`, { cause });
  }

  #assertOpen(): void {
    if (this.#closed) throw this.#closedError();
  }

  #closedError(): AdapterError {
    return new AdapterError(`the embedded store in ${this.location} is closed`);
  }
}

function settle({ result, resolve, reject }: Queued): void {
  if (result !== undefined && "error" in result) reject(result.error);
  else resolve(result?.value as never);
}

class Access implements KeyValueWriter {
  constructor(private readonly database: RootDatabase<string, string>) {}

  get(key: string): string | undefined {
    return this.database.get(key);
  }

  range(range: KeyRange): KeyValue[] {
    const found: KeyValue[] = [];
    for (const { key, value } of this.database.getRange(bounds(range))) found.push([key, value]);
    return found;
  }

  keys(range: KeyRange): string[] {
    const found: string[] = [];
    for (const key of this.database.getKeys(bounds(range))) found.push(key);
    return found;
  }

  put(key: string, value: string): void {
    this.database.putSync(key, value);
  }

  delete(key: string): void {
    this.database.removeSync(key);
  }
}

/** The engine begins at `start`, and leaves `end` out. */
function bounds({ from, to, reverse = false, limit }: KeyRange): object {
  const order = reverse
    ? { start: to, end: from, reverse, exclusiveStart: true, inclusiveEnd: true }
    : { start: from, end: to };
  return limit === undefined ? order : { ...order, limit };
}
