import { type Clock, type SqlPool, within } from "@baldur/core/plugin";
import type { Client, Pool, PoolClient } from "pg";
import { heard, isAmidTransaction } from "./client.js";
import { BUSY, type Failure, failureOf, GivenUp, Late, TIMEOUT, waiting } from "./failure.js";
import { Session, type SessionParts } from "./session.js";

/** Connections of `pg`: of a pool that is made here, or of one that is the host's. */
export interface Source {
  readonly pool: Pool;
  /** Makes one beside the pool, not connected yet. */
  client(): Client;
  /** Gives up those that were made; undefined for a pool that is not ours to end. */
  readonly end?: () => Promise<void>;
}

export interface ConnectionsParts extends SessionParts {
  /** Called anew when all that was there is given up. */
  readonly open: () => Source;
  readonly clock: Clock;
  /** Milliseconds to wait for a connection. */
  readonly connectTimeout: number;
  /** Told when one that nobody used broke. */
  readonly onIdleError: (failure: Failure) => void;
}

/** Lends connections, and takes back whole ones only. */
export class Connections {
  #source: Source;
  /** Who waits for a connection. */
  readonly #waiting = new Set<(reason: Error) => void>();
  readonly #idleError = (error: unknown): void => this.parts.onIdleError(failureOf(error));

  constructor(private readonly parts: ConnectionsParts) {
    this.#source = this.#open();
  }

  /** Lends one for a piece of work, and rejects as that does, or because there is none. `timeout` is of each statement. */
  async lend<T>(work: (session: Session) => Promise<T>, timeout: number = this.parts.timeout): Promise<T> {
    const client = await this.#checkOut();
    const session = new Session(client, { ...this.parts, timeout });
    try {
      return await work(session);
    } finally {
      session.end();
      giveBack(client, session.broken || isAmidTransaction(client));
    }
  }

  /** One beside the pool, not connected yet. */
  client(): Client {
    return this.#source.client();
  }

  get figures(): SqlPool {
    const { totalCount, idleCount, waitingCount, options } = this.#source.pool;
    return { size: totalCount, idle: idleCount, waiting: waitingCount, limit: options.max };
  }

  /** Gives up all that are there, for nobody can tell which of them still work. A host's pool sees to that itself. */
  renew(): void {
    const before = this.#source;
    if (before.end === undefined) return;
    this.#source = this.#open();
    this.#giveUp(before).catch(heard);
  }

  end(): Promise<void> {
    return this.#giveUp(this.#source);
  }

  #open(): Source {
    const source = this.parts.open();
    source.pool.on("error", this.#idleError);
    return source;
  }

  async #giveUp({ pool, end }: Source): Promise<void> {
    pool.removeListener("error", this.#idleError);
    if (end === undefined) return;
    pool.on("error", heard); // what breaks on the way is nobody's concern any more
    const ended = end();
    for (const giveUp of this.#waiting) giveUp(new GivenUp("the pool was ended")); // which tells none of them
    this.#waiting.clear();
    await ended;
  }

  async #checkOut(): Promise<PoolClient> {
    const { pool } = this.#source;
    const { clock, connectTimeout, failed } = this.parts;
    const connecting = this.#connected(pool);
    try {
      return await within(clock, connectTimeout, () => connecting, waiting(connectTimeout));
    } catch (error) {
      if (error instanceof Late) connecting.then((client) => giveBack(client), heard);
      throw failed(isBusy(pool, error) ? BUSY : failureOf(error), false, error);
    }
  }

  /**
   * Listens to its errors before anything else happens: a server may end a session in the same breath as it begins it, and a
   * promise would be told too late.
   */
  #connected(pool: Pool): Promise<PoolClient> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      pool.connect((error, client) => {
        const isAwaited = this.#waiting.delete(reject);
        if (client === undefined) return reject(error);
        client.on("error", heard);
        if (isAwaited) resolve(client);
        else giveBack(client);
      });
    });
  }
}

function giveBack(client: PoolClient, isOfNoUse = false): void {
  client.removeListener("error", heard);
  client.release(isOfNoUse);
}

/** Late, because all are in use. */
function isBusy({ idleCount, totalCount, options }: Pool, error: unknown): boolean {
  return failureOf(error) === TIMEOUT && idleCount === 0 && totalCount >= options.max;
}
