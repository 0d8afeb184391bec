import { openSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { AdapterError } from "@baldur/core";
import type { Clock, KeyValueReader, KeyValueStore, KeyValueWriter } from "@baldur/core/plugin";
import { Reader, writeAll } from "./access.js";
import { BatchChanges } from "./changes.js";
import type { Database } from "./database.js";
import { isBehind, noteLatest } from "./latest.js";
import type { Place } from "./place.js";

/** Works of one transaction: more would keep readers of the event loop waiting, fewer would pay for the disk more often. */
const LARGEST_BATCH = 256;
/** Milliseconds to wait for other processes; one that is stopped amid a transaction would hold up everybody for ever. */
const PATIENCE = 10_000;

interface Queued {
  readonly work: (writer: KeyValueWriter) => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
  result?: { readonly value: unknown } | { readonly error: unknown };
}

interface Batch {
  works: Queued[];
  begun: boolean;
}

export interface LmdbStoreParts {
  readonly location: string;
  readonly database: Database;
  readonly place: Place;
  /** The file by which processes agree who writes. */
  readonly lock: string;
  readonly clock: Clock;
}

/**
 * An ordered map in a memory-mapped file. Reads cost no I/O; what is to be written gathers while the last transaction is on
 * its way to the disk, and goes out with the next, in a thread of the engine.
 */
export class LmdbStore implements KeyValueStore {
  readonly location: string;
  readonly place: Place;
  readonly #database: Database;
  readonly #lock: string;
  #openLock: number | undefined;
  readonly #clock: Clock;
  readonly #reader: Reader;
  #queue: Queued[] = [];
  #writing: Promise<void> | undefined;
  #stopWaiting: () => void = () => undefined;
  /** The transaction under way does not begin. */
  #stuck = false;
  #closing: Promise<void> | undefined;

  constructor({ location, database, place, lock, clock }: LmdbStoreParts) {
    this.location = location;
    this.place = place;
    this.#database = database;
    this.#lock = lock;
    this.#clock = clock;
    this.#reader = new Reader(database);
  }

  /** What is in a lost file ends with the process. */
  get durable(): boolean {
    return this.place.problem === undefined;
  }

  read<T>(work: (reader: KeyValueReader) => T): T {
    if (this.#closing !== undefined) throw this.#failure("it is closed");
    this.#database.resetReadTxn(); // the present state, not the one of this turn's first reading
    return work(this.#reader);
  }

  write<T>(work: (writer: KeyValueWriter) => T): Promise<T> {
    if (this.#closing !== undefined) return Promise.reject(this.#failure("it is closed"));
    if (this.#stuck) return Promise.reject(this.#stuckFailure());
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ work, resolve, reject });
      this.#writing ??= this.#startWriting();
    });
  }

  /** Resolves when all that was to be written until now has been, or cannot be. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.settled();
    if (!this.#stuck) await this.#database.close(); // which would wait for what is stuck
  }

  #startWriting(): Promise<void> {
    const givenUp = new Promise<void>((resolve) => {
      this.#stopWaiting = resolve;
    });
    return Promise.race([this.#writeAll(), givenUp]);
  }

  async #writeAll(): Promise<void> {
    await Promise.resolve(); // works of one turn share a transaction
    while (this.#queue.length > 0) await this.#writeBatch();
    this.#writing = undefined;
  }

  async #writeBatch(): Promise<void> {
    const batch: Batch = { works: this.#queue.splice(0, LARGEST_BATCH), begun: false };
    const patience = this.#clock.setTimeout(() => this.#giveUp(batch), PATIENCE);
    try {
      await this.#commit(batch);
      for (const queued of batch.works) settle(queued);
    } catch (error) {
      const failure = await this.#describe(error);
      for (const { reject } of batch.works) reject(failure);
    } finally {
      this.#clock.clearTimeout(patience);
      this.#stuck = false;
    }
  }

  async #commit(batch: Batch): Promise<void> {
    while (!batch.begun) await this.#transact(batch);
    this.place.check(); // what is acknowledged must be where the next process looks
  }

  /** In a transaction that is behind nothing is done, but that the next one is not. */
  #transact(batch: Batch): Promise<void> {
    // A child, because the engine keeps what was written before an error in any other.
    return this.#database.childTransaction(() => {
      this.place.check(); // nothing remains of what is refused here
      batch.begun = !isBehind(this.#database);
      if (!batch.begun) return this.#catchUp();
      const changes = new BatchChanges(this.#reader);
      for (const queued of batch.works) run(queued, changes);
      writeAll(this.#database, changes.all);
    });
  }

  #catchUp(): void {
    // It stays open: a process that closes the lock file gives up its hold on it, and whoever opens the store next makes the
    // locks anew that others have. What another thread than the main one opens is closed with the thread.
    if (isMainThread) this.#openLock ??= openSync(this.#lock, "r+");
    if (this.#openLock !== undefined && noteLatest(this.#database, this.#openLock)) return;
    throw new AdapterError("a process that opened it set it back, which the next one to open it mends");
  }

  /** Refuses what waits. Once begun, only the disk is waited for, and the outcome is told when it is known. */
  #giveUp(batch: Batch): void {
    if (batch.begun) return;
    this.#stuck = true;
    const waiting = [...batch.works, ...this.#queue.splice(0)];
    batch.works = [];
    for (const { reject } of waiting) reject(this.#stuckFailure());
    this.#stopWaiting();
  }

  /** The engine hides the cause of a failed commit behind a promise, which nobody else catches. */
  async #describe(error: unknown): Promise<AdapterError> {
    const hidden = (error as { commitError?: Promise<unknown> }).commitError;
    const cause = await Promise.resolve(hidden ?? error).catch((reason: unknown) => reason);
    const { message } = cause as Error;
    // So the engine calls a disk that takes only a part of what is written.
    return this.#failure(
      message === "Input/output error" ? `${message}, or the disk is full` : message,
      cause,
    );
  }

  #stuckFailure(): AdapterError {
    return this.#failure(
      `no transaction began within ${PATIENCE} ms; is another process of this host stopped?`,
    );
  }

  #failure(why: string, cause?: unknown): AdapterError {
    return new AdapterError(`cannot use the embedded store in ${this.location}: ${why}`, { cause });
  }
}

function run(queued: Queued, changes: BatchChanges): void {
  try {
    queued.result = { value: changes.run(queued.work) };
  } catch (error) {
    queued.result = { error };
  }
}

function settle({ result, resolve, reject }: Queued): void {
  if (result !== undefined && "error" in result) reject(result.error);
  else resolve(result?.value as never);
}
