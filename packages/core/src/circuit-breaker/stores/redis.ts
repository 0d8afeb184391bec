import type { Clock } from "../../clock.js";
import { AdapterError } from "../../errors.js";
import type { RedisReply } from "../../redis/redis.js";
import { pastWrongTypes, type WrongTypeParts } from "../../redis/wrong-type.js";
import type { FleetRow } from "../merge.js";
import { beginningOf, type CircuitRecord, type CircuitVote, decode, encode } from "../record.js";
import { acquireProbe, type Change, endProbe, publish, trip } from "../record-transition.js";
import type {
  ChangedCircuit,
  EndAnswer,
  FleetListener,
  FleetStore,
  ProbeAnswer,
  ProbeEnding,
  ProbeRequest,
  ProbeToken,
  PublishAnswer,
  TripAnswer,
} from "../store.js";
import { ChangeIndex } from "./change-index.js";
import { swap } from "./scripts.generated.js";
import { ServerTime } from "./server-time.js";

export interface RedisFleetStoreOptions extends WrongTypeParts {
  readonly clock: Clock;
  /** Told the name of a circuit whose record cannot be read: it counts as none, and the next change replaces it. */
  readonly onDamaged?: (name: string) => void;
}

const MOST_ROUNDS = 100;
const LOADED_AT_ONCE = 200;
/** For longer than any pin; a circuit that nobody uses is forgotten then. */
const KEPT = 48 * 3_600_000;

/** What is under a key; `text` is undefined where there is nothing. */
interface Found {
  readonly text: string | undefined;
  readonly record: CircuitRecord | undefined;
}

const NOTHING: Found = { text: undefined, record: undefined };

/**
 * Circuits of all processes that share a Redis: one record for each, changed by compare-and-set, and one index of when they
 * changed. What is due and what is over goes by Redis's clock, so those of the processes do not matter.
 */
export class RedisFleetStore implements FleetStore {
  readonly #time: ServerTime;
  /** What is assumed to be there, so that a change is one round trip as a rule. Closed circuits are not kept in mind. */
  readonly #seen = new Map<string, Found>();
  readonly #damaged = new Set<string>();
  readonly #index: ChangeIndex;
  readonly #channel: string;

  constructor(private readonly options: RedisFleetStoreOptions) {
    const { prefix } = options.client;
    this.#time = new ServerTime(options.clock);
    this.#index = new ChangeIndex(options);
    this.#channel = `${prefix}cb:changed`;
  }

  get available(): boolean {
    return this.options.client.available;
  }

  now(): number {
    return this.#time.now();
  }

  async load(names?: readonly string[]): Promise<readonly CircuitRecord[]> {
    const all = names ?? (await this.#index.names());
    const records: CircuitRecord[] = [];
    for (let at = 0; at < all.length || at === 0; at += LOADED_AT_ONCE) {
      const found = await this.#read(all.slice(at, at + LOADED_AT_ONCE));
      records.push(...found.flatMap(({ record }) => record ?? []));
    }
    const hasGone = names === undefined && records.length < all.length;
    if (hasGone) await this.#index.forget(this.now() - KEPT, new Set(records.map(({ name }) => name)));
    return records;
  }

  changes(since: number): Promise<readonly ChangedCircuit[]> {
    return this.#index.since(since);
  }

  trip(row: FleetRow, vote: CircuitVote & { readonly quorum: number }): Promise<TripAnswer> {
    return this.#apply(row.name, (found, now) => trip(found, row, vote, now));
  }

  publish(row: FleetRow, expectedEpoch: number): Promise<PublishAnswer> {
    return this.#apply(row.name, (found, now) => publish(found, row, expectedEpoch, now));
  }

  /** It may be later for Redis than here, and a place must not be another's before its time is over here. */
  acquireProbe(name: string, request: ProbeRequest): Promise<ProbeAnswer> {
    return this.#apply(name, (found, now) => {
      const ttl = request.ttl + this.#time.latest() - now;
      return acquireProbe(found, { ...request, ttl }, now);
    });
  }

  endProbe(name: string, lease: ProbeToken, ending: ProbeEnding): Promise<EndAnswer> {
    return this.#apply(name, (found, now) => endProbe(found, lease, ending, now));
  }

  subscribe(listener: FleetListener): Disposable {
    const onMessage = (text: string): void => {
      const record = decode(text);
      if (record === undefined) return;
      this.#see(record.name, text);
      this.#index.heard(record.name, record.epoch);
      listener.heard(record);
    };
    return this.options.client.subscribe(this.#channel, onMessage, () => listener.gap());
  }

  watch(listener: (available: boolean) => void): Disposable {
    return this.options.client.watch(listener);
  }

  /**
   * Nothing is decided on what is only assumed to be there: that must be written to be true. Nor by a time that is only
   * assumed: that of the host, or one that Redis told long ago.
   */
  async #apply<A>(
    name: string,
    decide: (found: CircuitRecord | undefined, now: number) => Change<A>,
  ): Promise<A> {
    let isRead = !this.#time.isFresh;
    let found = isRead ? await this.#readOne(name) : (this.#seen.get(name) ?? NOTHING);
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const change = decide(found.record, this.now());
      if (change.record !== undefined) {
        const conflict = await this.#swap(name, found, change);
        if (conflict === undefined) return change.answer;
        found = conflict;
      } else if (isRead) return change.answer;
      else found = await this.#readOne(name);
      isRead = true;
    }
    throw new AdapterError(`circuit ${name} changed every time that it was about to be changed`);
  }

  /** Undefined where it was done, else what is there. */
  async #swap<A>(name: string, found: Found, change: Change<A>): Promise<Found | undefined> {
    const record = change.record as CircuitRecord;
    const { notBefore = 0, notAfter = 0 } = change;
    const isTold = record.epoch !== (found.record?.epoch ?? 0);
    const text = encode(record);
    const times = [Math.ceil(notBefore), Math.ceil(notAfter)];
    const args = [expectedOf(found), text, keptFor(record), ...times, isTold ? this.#channel : ""];
    const askedAt = this.options.clock.monotonic();
    const reply = await this.#ask(name, (key) => this.options.client.run(swap, [key], args));
    const [micros, ...there] = reply as readonly [number, text?: string | null];
    this.#time.heard(micros / 1000, askedAt);
    if (there.length > 0) return this.#see(name, there[0] ?? undefined);
    this.#see(name, text);
    if (isTold) void this.#index.tell(name, record.epoch);
    return undefined;
  }

  async #readOne(name: string): Promise<Found> {
    return (await this.#read([name]))[0] ?? NOTHING;
  }

  /** One by one, and sent together: those of a cluster are in many places. */
  async #read(names: readonly string[]): Promise<readonly Found[]> {
    const { client, clock } = this.options;
    const askedAt = clock.monotonic();
    const time = client.command("TIME").then((reply) => this.#time.heard(millisecondsOf(reply), askedAt));
    const gets = names.map((name) => this.#ask(name, (key) => client.command("GET", key)));
    const [texts] = await Promise.all([Promise.all(gets), time]);
    return names.map((name, at) => this.#see(name, (texts[at] ?? undefined) as string | undefined));
  }

  #ask<T>(name: string, ask: (key: string) => Promise<T>): Promise<T> {
    const key = this.#key(name);
    return pastWrongTypes(this.options, [[key, "string"]], () => ask(key));
  }

  #see(name: string, text: string | undefined): Found {
    const record = text === undefined ? undefined : decode(text);
    const found = { text: record === undefined ? text : undefined, record };
    if (text !== undefined && record === undefined) this.#tellDamaged(name);
    if (record === undefined || record.state === "closed") this.#seen.delete(name);
    else this.#seen.set(name, found);
    return found;
  }

  #tellDamaged(name: string): void {
    if (this.#damaged.has(name)) return;
    this.#damaged.add(name);
    this.options.onDamaged?.(name);
  }

  #key(name: string): string {
    return `${this.options.client.prefix}{cb:${name}}`;
  }
}

function expectedOf({ text, record }: Found): string {
  return record === undefined ? (text ?? "") : beginningOf(record.revision);
}

function keptFor({ pin, openUntil, since }: CircuitRecord): number {
  if (pin !== undefined && pin.until === undefined) return 0;
  return KEPT + Math.max(0, Math.ceil(openUntil - since));
}

function millisecondsOf(time: RedisReply | undefined): number {
  const [seconds, microseconds] = time as readonly [string | number, string | number];
  return Number(seconds) * 1000 + Number(microseconds) / 1000;
}
