import type { Clock } from "../../clock.js";
import type { KeyValueStore, KeyValueWriter } from "../../kv/kv.js";
import type {
  ClaimAnswer,
  ClaimRequest,
  ClaimToken,
  IdempotencyRecord,
  IdempotencyStore,
  Settlement,
} from "../store.js";
import { claim, complete, fail, release, retention, type Transition } from "../transition.js";
import { decode } from "./decode.js";

const PREFIX = "idempotency:";
/** Records, by the key itself where it may be one, else by its hash. */
const VERBATIM = `${PREFIX}key:`;
const HASHED = `${PREFIX}sha256:`;
/** Says of every record when to look whether it is over: a time in order, and the name of the record. */
const DUE = `${PREFIX}due:`;
const TIME_DIGITS = 15;
const LATEST = 10 ** TIME_DIGITS - 1;
const LONGEST_VERBATIM = 400;
const PLAIN = /^[\x20-\x7e]+$/;
/** Looked at per claim: with two, what is over never amounts to more than what is not. */
const SWEPT = 2;

/** @public */
export interface KvIdempotencyStoreOptions {
  readonly store: KeyValueStore;
  readonly clock: Clock;
}

/**
 * Claims in an ordered map, and so of all processes that share it. Forgets without timers, a few records with every claim.
 * Time is that of the wall clock, since it has to outlive the process.
 * @public
 */
export class KvIdempotencyStore implements IdempotencyStore {
  readonly shared: boolean;

  constructor(private readonly options: KvIdempotencyStoreOptions) {
    this.shared = options.store.durable;
  }

  /** A duplicate changes nothing, so it is answered without a transaction. */
  claim(key: string, request: ClaimRequest): ClaimAnswer | Promise<ClaimAnswer> {
    const { store } = this.options;
    const name = nameOf(key);
    const found = store.read((reader) => reader.get(name));
    if (found !== undefined) {
      const { answer, record } = claim(decode(found), request, this.#now());
      if (record === undefined) return answer;
    }
    return store.write((writer) => {
      const now = this.#now();
      this.#sweep(writer, now);
      return apply(writer, name, (present) => claim(present, request, now));
    });
  }

  complete(key: string, token: ClaimToken, settlement: Settlement): Promise<boolean> {
    return this.#settle(key, (present, now) => complete(present, token, settlement, now));
  }

  fail(key: string, token: ClaimToken, settlement: Settlement): Promise<boolean> {
    return this.#settle(key, (present, now) => fail(present, token, settlement, now));
  }

  release(key: string, token: ClaimToken): Promise<boolean> {
    return this.#settle(key, (present, now) => release(present, token, now));
  }

  #settle(key: string, decide: (present: unknown, now: number) => Transition<boolean>): Promise<boolean> {
    const name = nameOf(key);
    return this.options.store.write((writer) =>
      apply(writer, name, (present) => decide(present, this.#now())),
    );
  }

  /** A record is looked at when it was due as it was first claimed; one that lives longer is then due again later. */
  #sweep(writer: KeyValueWriter, now: number): void {
    for (const due of writer.keys({ from: DUE, to: dueKey(now, ""), limit: SWEPT })) {
      writer.delete(due);
      const name = due.slice(DUE.length + TIME_DIGITS + 1);
      const end = endOf(decode(writer.get(name)));
      if (end <= now) writer.delete(name);
      else writer.put(dueKey(end, name), "");
    }
  }

  #now(): number {
    return this.options.clock.now();
  }
}

function apply<A>(writer: KeyValueWriter, name: string, decide: (present: unknown) => Transition<A>): A {
  const found = writer.get(name);
  const { answer, record } = decide(decode(found));
  if (record === null) writer.delete(name);
  else if (record !== undefined) {
    writer.put(name, JSON.stringify(record));
    if (found === undefined) writer.put(dueKey(endOf(record), name), "");
  }
  return answer;
}

/** What is no record is not kept beyond the time at which its record was due. */
function endOf(record: unknown): number {
  const { since, ttl, status } = (record ?? {}) as IdempotencyRecord;
  const end = since + retention({ since, ttl, status } as IdempotencyRecord);
  return Number.isFinite(end) ? end : 0;
}

function dueKey(time: number, name: string): string {
  return `${DUE}${String(Math.ceil(Math.min(time, LATEST))).padStart(TIME_DIGITS, "0")}:${name}`;
}

function nameOf(key: string): string {
  if (key.length <= LONGEST_VERBATIM && PLAIN.test(key)) return `${VERBATIM}${key}`;
  // Asked for here: importing the package must not load what most programs never need.
  const { createHash } = process.getBuiltinModule("node:crypto");
  return `${HASHED}${createHash("sha256").update(key).digest("hex")}`;
}
