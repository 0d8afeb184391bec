import type { Clock } from "../../clock.js";
import { Schema } from "../../sql/schema.js";
import type { SqlConnection, SqlDatabase, SqlTransaction } from "../../sql/sql.js";
import type {
  ClaimAnswer,
  ClaimRequest,
  ClaimToken,
  IdempotencyRecord,
  IdempotencyStore,
  Settlement,
} from "../store.js";
import { claim, complete, fail, release, type Transition } from "../transition.js";
import { Arrears } from "./arrears.js";
import { idempotencyMigrations } from "./sql-migrations.js";
import { claimOrFind, exactly, FORGOTTEN_AT_ONCE, find, running, swap } from "./sql-records.js";

/** Claims until records that are over are looked for: to plan that costs the server more than all else. */
const CLAIMS_PER_SWEEP = FORGOTTEN_AT_ONCE / 2;
/** Rounds until a key that others keep changing is given up. */
const MOST_ROUNDS = 5;

/** @public */
export interface SqlIdempotencyStoreOptions {
  readonly database: SqlDatabase;
  readonly clock: Clock;
}

type Decide = (found: unknown, now: number) => Transition<boolean>;

/**
 * Claims of all processes that share a database. A new key is claimed, a duplicate answered and a claim settled by one
 * statement each: what is there in nearly every case is assumed, and where it is something else that is decided on.
 *
 * Amid a transaction of the host's a claim is made beside it, so that others see it at once, and its completion is part of
 * it: the effect of the work and the record of it are committed together, or neither is and the key is free again.
 *
 * Time is that of the wall clocks of the processes, as everything in a record is dated by whoever made it. They may differ by
 * the tolerance of a claim (5 seconds, `BALDUR_IDEMPOTENCY_CLOCK_SKEW_TOLERANCE_SECONDS`): a process that is ahead by more
 * takes over work that still runs, by as much too early.
 * @public
 */
export class SqlIdempotencyStore implements IdempotencyStore {
  readonly shared = true;
  readonly #database: SqlDatabase;
  readonly #clock: Clock;
  readonly #schema: Schema;
  readonly #arrears: Arrears;
  #claims = 0;

  constructor({ database, clock }: SqlIdempotencyStoreOptions) {
    this.#database = database;
    this.#clock = clock;
    this.#schema = new Schema(database, idempotencyMigrations);
    this.#arrears = new Arrears(database, clock);
  }

  async claim(key: string, request: ClaimRequest): Promise<ClaimAnswer> {
    await this.#schema.ensure();
    const { available } = this.#database;
    this.#arrears.drop(request.owner);
    try {
      return await this.#claim(key, request);
    } catch (error) {
      // It may have been made all the same, and would keep everybody out until its window ends.
      if (available) this.#arrears.add(request.owner, () => this.#release(key, request.owner, 1));
      throw error;
    }
  }

  complete(key: string, token: ClaimToken, settlement: Settlement): Promise<boolean> {
    const decide: Decide = (found, now) => complete(found, token, settlement, now);
    const transaction = this.#database.ambient;
    if (transaction !== undefined) return this.#completeWithin(transaction, key, token, settlement, decide);
    return this.#arrears.attempt(token.owner, () => this.#settle(key, token, decide));
  }

  fail(key: string, token: ClaimToken, settlement: Settlement): Promise<boolean> {
    const decide: Decide = (found, now) => fail(found, token, settlement, now);
    return this.#arrears.attempt(token.owner, () => this.#settle(key, token, decide));
  }

  release(key: string, { owner, attempt }: ClaimToken): Promise<boolean> {
    return this.#arrears.attempt(owner, () => this.#release(key, owner, attempt));
  }

  /** Tries once more to tell the database what it could not be told when it happened. The database stays open. */
  close(): Promise<void> {
    return this.#arrears.close();
  }

  async #claim(key: string, request: ClaimRequest): Promise<ClaimAnswer> {
    const forgets = ++this.#claims % CLAIMS_PER_SWEEP === 0;
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const now = this.#clock.now();
      const first = claim(undefined, request, now);
      const record = first.record as IdempotencyRecord;
      const { claimed, found } = await claimOrFind(this.#database, key, record, forgets);
      if (claimed) return first.answer;
      if (found === undefined) continue; // written while this statement was on its way
      const next = claim(found, request, now);
      if (next.record === undefined) return next.answer;
      const expected = exactly(found as IdempotencyRecord);
      if (await swap(this.#database, key, expected, next.record)) return next.answer;
    }
    return { decision: "abort", reason: "contended" };
  }

  #release(key: string, owner: string, attempt: number): Promise<boolean> {
    return this.#settle(key, { owner, attempt }, (found, now) => release(found, { owner, attempt }, now));
  }

  /** In nearly every case a claim is settled that is still its owner's. */
  async #settle(key: string, token: ClaimToken, decide: Decide): Promise<boolean> {
    if (await this.#settleRunning(this.#database, key, token, decide)) return true;
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const settled = await this.#settleFound(this.#database, key, decide);
      if (settled !== undefined) return settled;
    }
    return false;
  }

  async #settleRunning(
    connection: SqlConnection,
    key: string,
    token: ClaimToken,
    decide: Decide,
  ): Promise<boolean> {
    const now = this.#clock.now();
    const { record } = decide({ status: "executing", ...token, since: now, ttl: 0 }, now);
    return record !== undefined && swap(connection, key, running(token, now), record);
  }

  /** Undefined where it was changed, or is not to be seen over that connection. */
  async #settleFound(connection: SqlConnection, key: string, decide: Decide): Promise<boolean | undefined> {
    const found = await find(this.#database, key);
    const { answer, record } = decide(found, this.#clock.now());
    if (record === undefined) return answer;
    const expected = found === undefined ? undefined : exactly(found as IdempotencyRecord);
    return (await swap(connection, key, expected, record)) ? answer : undefined;
  }

  /** The effect of the work is not committed without this, nor this without it. */
  async #completeWithin(
    transaction: SqlTransaction,
    key: string,
    token: ClaimToken,
    settlement: Settlement,
    decide: Decide,
  ): Promise<boolean> {
    let outside = false;
    transaction.onEnd(async (outcome) => {
      if (outcome === "rolled-back") await this.fail(key, token, settlement);
      if (outcome === "committed" && outside)
        await this.#arrears.attempt(token.owner, () => this.#settle(key, token, decide));
    });
    if (await this.#settleRunning(transaction, key, token, decide)) return true;
    const settled = await this.#settleFound(transaction, key, decide);
    // A transaction that sees the database as it was before the claim cannot complete it.
    outside = settled === undefined;
    return settled ?? true;
  }
}
