import type { Clock } from "../../clock.js";
import type { RedisClient, RedisReply } from "../../redis/redis.js";
import { isWrongType } from "../../redis/wrong-type.js";
import type {
  ClaimAnswer,
  ClaimRequest,
  ClaimToken,
  IdempotencyRecord,
  IdempotencyStore,
  Settlement,
} from "../store.js";
import { claim, complete, fail, release, retention, type Transition } from "../transition.js";
import { Arrears } from "./arrears.js";
import { decode } from "./decode.js";
import { swap } from "./scripts.generated.js";

/** Rounds until a key that others keep changing is given up. */
const MOST_ROUNDS = 5;
/** Milliseconds: Redis takes no expiry beyond what its clock can count. */
const LONGEST = 10 ** 15;

export interface RedisIdempotencyStoreOptions {
  readonly client: RedisClient;
  readonly clock: Clock;
}

/** What was found under a key, and by the clock of Redis when. */
interface Found {
  readonly now: number;
  /** Undefined where there is nothing. */
  readonly text: string | undefined;
}

const CONTENDED: ClaimAnswer = { decision: "abort", reason: "contended" };

type Decide<A> = (found: unknown, now: number) => Transition<A>;

/**
 * Claims of all processes that share a Redis. A new key is claimed, and a claim settled, in one round trip: what is there in
 * nearly every case is assumed, and where it is something else that is decided on.
 *
 * Records are dated by the clock of Redis, so those of the processes do not matter. The clock of a server that takes over
 * may differ from its predecessor's by as much as the tolerance of a claim allows for.
 */
export class RedisIdempotencyStore implements IdempotencyStore {
  readonly shared = true;
  readonly #client: RedisClient;
  readonly #arrears: Arrears;
  /** The end of a claim says twice whose it is. */
  #latest = { owner: "", inJson: '""' };

  constructor({ client, clock }: RedisIdempotencyStoreOptions) {
    this.#client = client;
    this.#arrears = new Arrears(client, clock);
  }

  claim(key: string, request: ClaimRequest): Promise<ClaimAnswer> {
    const decide: Decide<ClaimAnswer> = (found, now) => claim(found, request, now);
    const { available } = this.#client;
    this.#arrears.drop(request.owner);
    return this.#apply(key, undefined, decide, CONTENDED).catch((error: unknown) => {
      // It may have been made all the same, and would keep everybody out until its window ends.
      if (available) this.#arrears.add(request.owner, () => this.#release(key, request.owner, 1));
      throw error;
    });
  }

  complete(key: string, token: ClaimToken, settlement: Settlement): Promise<boolean> {
    const decide: Decide<boolean> = (found, now) => complete(found, token, settlement, now);
    return this.#arrears.attempt(token.owner, () => this.#settle(key, token, decide));
  }

  fail(key: string, token: ClaimToken, settlement: Settlement): Promise<boolean> {
    const decide: Decide<boolean> = (found, now) => fail(found, token, settlement, now);
    return this.#arrears.attempt(token.owner, () => this.#settle(key, token, decide));
  }

  release(key: string, { owner, attempt }: ClaimToken): Promise<boolean> {
    return this.#arrears.attempt(owner, () => this.#release(key, owner, attempt));
  }

  /** Tries once more to tell Redis what it could not be told when it happened. The client stays open. */
  close(): Promise<void> {
    return this.#arrears.close();
  }

  #release(key: string, owner: string, attempt: number): Promise<boolean> {
    const token = { owner, attempt };
    return this.#settle(key, token, (found, now) => release(found, token, now));
  }

  /** In nearly every case a claim is settled that is still its owner's. */
  #settle(key: string, token: ClaimToken, decide: Decide<boolean>): Promise<boolean> {
    const { owner, attempt } = token;
    const assumed: IdempotencyRecord = { status: "executing", owner, attempt, since: 0, ttl: 0 };
    return this.#apply(key, assumed, decide, false);
  }

  /** Answers `contended` where the record changed every time that it was about to be replaced. */
  #apply<A>(
    key: string,
    assumed: IdempotencyRecord | undefined,
    decide: Decide<A>,
    contended: A,
  ): Promise<A> {
    const { answer, record } = decide(assumed, 0);
    if (record === undefined) return Promise.resolve(answer);
    const expected = assumed === undefined ? "" : this.#head(assumed);
    const goOn = (found: Found | undefined): A | Promise<A> =>
      found === undefined ? answer : this.#applyTo(found, key, decide, contended);
    return this.#swap(key, expected, record).then(
      (reply) => goOn(foundIn(reply)),
      (error: unknown) => goOn(unreadable(error)),
    );
  }

  /** The same, where it is something else that is there. */
  async #applyTo<A>(there: Found, key: string, decide: Decide<A>, contended: A): Promise<A> {
    let found: Found | undefined = there;
    for (let round = 1; round < MOST_ROUNDS; round++) {
      const { answer, record } = decide(decode(found.text), found.now);
      if (record === undefined) return answer;
      found = await this.#swap(key, found.text ?? "", record).then(foundIn, unreadable);
      if (found === undefined) return answer;
    }
    const { answer, record } = decide(decode(found.text), found.now);
    return record === undefined ? answer : contended;
  }

  /** Replaces what begins as expected: a text as it was read, or the head of a record; empty for nothing. */
  #swap(key: string, expected: string, record: IdempotencyRecord | null): Promise<RedisReply> {
    const name = `${this.#client.prefix}idempotency:${key}`;
    const args =
      record === null
        ? [expected, "", "", 0]
        : [expected, this.#head(record), tailOf(record), keptFor(record)];
    return this.#client.run(swap, [name], args);
  }

  /** Tells whose claim a record is, so it is enough to compare. */
  #head({ status, owner, attempt }: IdempotencyRecord): string {
    if (this.#latest.owner !== owner) this.#latest = { owner, inJson: JSON.stringify(owner) };
    return `{"status":"${status}","owner":${this.#latest.inJson},"attempt":${attempt},"since":`;
  }
}

function tailOf({ ttl, result }: IdempotencyRecord): string {
  const rest = result === undefined ? "" : `,"result":${JSON.stringify(result)}`;
  return `,"ttl":${ttl}${rest}}`;
}

function keptFor(record: IdempotencyRecord): number {
  return Math.min(LONGEST, Math.max(1, Math.ceil(retention(record))));
}

/** Undefined where it was replaced, else what is there. */
function foundIn(reply: RedisReply): Found | undefined {
  const [now, ...found] = reply as readonly [number, text?: string | null];
  return found.length === 0 ? undefined : { now, text: found[0] ?? undefined };
}

/** Something of another type is there: as with a torn record, nobody knows whether the work was done. */
function unreadable(error: unknown): Found {
  if (isWrongType(error)) return { now: 0, text: "" };
  throw error;
}
