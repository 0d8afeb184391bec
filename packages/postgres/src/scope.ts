import type { AsyncLocalStorage } from "node:async_hooks";
import { AdapterError } from "@baldur/core";
import type { SqlOutcome, SqlResult, SqlTransaction } from "@baldur/core/plugin";
import type { ClientBase } from "pg";
import { addressOf } from "./client.js";
import { PostgresStatementError, PostgresUnavailableError } from "./errors.js";
import { failureOf } from "./failure.js";
import { ask, resultOf } from "./session.js";

type Listener = (outcome: SqlOutcome) => void | PromiseLike<void>;

/** Told what goes wrong where nobody is there to be told. */
export interface Observer {
  rollbackFailed(error: unknown): void;
  listenerFailed(error: unknown): void;
}

/** A transaction of the host's, from its beginning to its end. */
export class Frame implements SqlTransaction {
  #listeners: Listener[] | undefined = [];

  constructor(
    readonly client: ClientBase,
    /** The pool that the client is of, where it was lent for this. */
    readonly source: unknown,
    readonly parent: Frame | undefined,
  ) {}

  get isOpen(): boolean {
    return this.#listeners !== undefined;
  }

  async query(text: string, values?: readonly unknown[]): Promise<SqlResult> {
    if (!this.isOpen) throw new AdapterError("the transaction has ended");
    try {
      return resultOf(await ask(this.client, text, values));
    } catch (cause) {
      const { reason, refused } = failureOf(cause);
      if (refused) throw new PostgresStatementError(reason, { cause });
      throw new PostgresUnavailableError(addressOf(this.client), reason, true, { cause });
    }
  }

  onEnd(listener: Listener): void {
    if (this.#listeners === undefined) throw new AdapterError("the transaction has ended");
    this.#listeners.push(listener);
  }

  /** Tells everyone, one after the other. Never rejects. */
  async end(outcome: SqlOutcome, observers: Iterable<Observer>): Promise<void> {
    const listeners = this.#listeners ?? [];
    this.#listeners = undefined;
    for (const listener of listeners) {
      try {
        await listener(outcome);
      } catch (error) {
        for (const observer of observers) observer.listenerFailed(error);
      }
    }
  }
}

interface Scope {
  /** Made with the first transaction: on Node 20 its mere existence taxes every promise of the process. */
  storage?: AsyncLocalStorage<Frame>;
  /** Those that are in a transaction of ours. */
  readonly busy: WeakSet<ClientBase>;
  readonly observers: Set<Observer>;
}

/** Of the ESM and the CommonJS build, and of every copy of the package: a transaction is one, whoever began it. */
const KEY: unique symbol = Symbol.for("@baldur/postgres.transactions@0");

export function scope(): Scope {
  const holder = globalThis as { [KEY]?: Scope };
  holder[KEY] ??= { busy: new WeakSet(), observers: new Set() };
  return holder[KEY];
}

/** The transactions that the calling code is in, the innermost first. */
export function* enclosing(): Generator<Frame> {
  for (let frame = scope().storage?.getStore(); frame !== undefined; frame = frame.parent)
    if (frame.isOpen) yield frame;
}

/** Runs with this transaction in force. */
export function runIn<T>(frame: Frame, work: () => T): T {
  const own = scope();
  own.storage ??= new (process.getBuiltinModule("node:async_hooks").AsyncLocalStorage)<Frame>();
  return own.storage.run(frame, work);
}
