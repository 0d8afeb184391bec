import type { Clock } from "../clock.js";
import { AdapterError } from "../errors.js";
import type { RedisClient, RedisCommand } from "../redis/redis.js";
import type { WalRecord } from "../wal/record.js";
import type { Taker } from "../wal/source.js";
import type { Divergence } from "./divergence.js";
import { isOperation } from "./logged.js";
import { Keys, type Operation, toCommand } from "./operation.js";
import { applyOnce, incrementOnce, replace } from "./scripts.generated.js";

/** Makes one of two values of a key; where Redis has none, the local one holds. Idempotent, and in any order the same. */
export type Merge = (local: string, shared: string) => string;

export interface ReplayParts {
  readonly client: RedisClient;
  readonly clock: Clock;
  /** Gives up on what does not answer. */
  readonly track: <T>(work: () => Promise<T>) => Promise<T>;
  /** How the values of a feature are made one, where the last one written does not simply win. */
  readonly mergeOf: (feature: string) => Merge | undefined;
  /** Told when an increment of this process is settled. */
  readonly onSettled: (feature: string, session: string, number: number) => void;
  /** False ends it. */
  readonly mayGoOn: () => boolean;
}

interface Numbered {
  readonly seq: number;
  readonly operation: Operation;
}

/** Milliseconds for which the numbers of increments, and how far a file came, are kept once nobody should need them. */
export const SENT_KEPT: number = 7 * 86_400_000;
const APPLIED_KEPT = 3_600_000;
/** Others may change a value while it is merged. */
const MERGE_TRIES = 10;

/** Brings what logs hold to Redis: each record once, whoever brings it and however often that is begun. */
export class Replay implements Taker {
  /** Since it was last emptied. */
  readonly divergences: Divergence[] = [];
  refused = 0;
  taken = 0;
  /** By file: those whose counts are kept. */
  readonly #features = new Map<string, Set<string>>();

  constructor(private readonly parts: ReplayParts) {}

  async take(id: string, records: readonly WalRecord[]): Promise<void> {
    for (const [feature, numbered] of this.#byFeature(id, records)) {
      if (!this.parts.mayGoOn()) throw new AdapterError("Redis was lost again, or this process ends");
      await this.#takeAll(id, feature, numbered);
    }
    this.taken += records.length;
  }

  /** Late copies of what was sent may still arrive, so the counts are kept a little longer. */
  async finished(id: string): Promise<void> {
    const { client, track } = this.parts;
    for (const feature of this.#features.get(id) ?? []) {
      const count = new Keys(client.prefix, feature).applied(id);
      await track(() => client.command("PEXPIRE", count, APPLIED_KEPT));
    }
    this.#features.delete(id);
  }

  #byFeature(id: string, records: readonly WalRecord[]): ReadonlyMap<string, Numbered[]> {
    const found = new Map<string, Numbered[]>();
    for (const { seq, data } of records) {
      if (!isOperation(data)) {
        this.refused++;
        continue;
      }
      const list = found.get(data.feature) ?? [];
      found.set(data.feature, list);
      list.push({ seq, operation: data });
    }
    this.#features.set(id, new Set([...(this.#features.get(id) ?? []), ...found.keys()]));
    return found;
  }

  /** In order. What can be carried out twice, or knows itself whether it was, goes by itself. */
  async #takeAll(id: string, feature: string, all: readonly Numbered[]): Promise<void> {
    let together: Numbered[] = [];
    for (const one of all) {
      const alone = this.#alone(feature, one.operation);
      if (alone === undefined) together.push(one);
      else {
        await this.#applyOnce(id, feature, together);
        together = [];
        await alone();
      }
    }
    await this.#applyOnce(id, feature, together);
  }

  #alone(feature: string, operation: Operation): (() => Promise<void>) | undefined {
    const merge = this.parts.mergeOf(feature);
    if (operation.op === "set" && merge !== undefined) return () => this.#merge(operation, merge);
    if (operation.op !== "incr" || operation.sent === undefined) return undefined;
    const [session, number] = operation.sent;
    return () => this.#increment(operation, session, number);
  }

  async #applyOnce(id: string, feature: string, all: readonly Numbered[]): Promise<void> {
    if (all.length === 0) return;
    const { client, track } = this.parts;
    const keys = new Keys(client.prefix, feature);
    const places = new Map([[keys.applied(id), 1]]);
    const args = all.flatMap(({ seq, operation }) => {
      const command = toCommand(keys.of(operation.key), operation, this.parts.clock.now());
      return command === undefined ? [] : [seq, ...placed(command, places)];
    });
    const refused = await track(() => client.run(applyOnce, [...places.keys()], args));
    this.refused += Number(refused);
  }

  async #increment(
    { feature, key, by }: Extract<Operation, { op: "incr" }>,
    session: string,
    number: number,
  ): Promise<void> {
    const { client, track, onSettled } = this.parts;
    const keys = new Keys(client.prefix, feature);
    await track(() =>
      client.run(incrementOnce, [keys.of(key), keys.sent(session)], [by, number, 0, SENT_KEPT]),
    );
    onSettled(feature, session, number);
  }

  async #merge(operation: Extract<Operation, { op: "set" }>, merge: Merge): Promise<void> {
    const { client, track, clock } = this.parts;
    const { feature, key, value: local, until } = operation;
    const name = new Keys(client.prefix, feature).of(key);
    const ttl = until === undefined ? 0 : Math.ceil(until - clock.now());
    if (until !== undefined && ttl <= 0) return; // it is over
    for (let tries = 0; tries < MERGE_TRIES; tries++) {
      const shared = (await track(() => client.command("GET", name))) as string | null;
      const merged = shared === null ? local : merge(local, shared);
      const seen = shared === null ? ["0", ""] : ["1", shared];
      if ((await track(() => client.run(replace, [name], [...seen, merged, ttl]))) !== 1) continue;
      if (shared !== null && shared !== local)
        this.divergences.push({ feature, key, local, shared, merged, at: clock.now() });
      return;
    }
    throw new AdapterError(
      `${feature}: ${key} was changed by others ${MERGE_TRIES} times while it was merged`,
    );
  }
}

/** A command as the script takes it: the place of its key, the count of arguments, its name and they. */
function placed(command: RedisCommand, places: Map<string, number>): (string | number)[] {
  const [name, key, ...args] = command as readonly [string, string, ...(string | number)[]];
  const place = places.get(key) ?? places.size + 1;
  places.set(key, place);
  return [place, args.length, name, ...args];
}
