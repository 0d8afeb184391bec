import type { HotClock } from "../clock.js";
import { AdapterNotFoundError } from "../errors.js";
import type { KeyValueStore } from "../kv/kv.js";
import type { RedisClient } from "../redis/redis.js";
import type { SqlDatabase } from "../sql/sql.js";
import type { JournalSettings } from "./settings.js";
import type { JournalStore, OnDamaged } from "./store.js";
import { KvJournalStore } from "./stores/kv.js";
import { RedisJournalStore } from "./stores/redis.js";
import { SqlJournalStore } from "./stores/sql.js";

/** Where a runtime can keep its journal. */
export interface JournalPlaces {
  readonly redis: RedisClient | undefined;
  readonly sql: SqlDatabase | undefined;
  readonly keyValue: KeyValueStore;
  /** Makes an ordered map that nobody else has. */
  readonly memory: () => KeyValueStore;
}

export interface ChooseParts {
  readonly clock: HotClock;
  readonly settings: Readonly<Pick<JournalSettings, "backend" | "retention">>;
  readonly onDamaged: OnDamaged;
}

type Place = Exclude<JournalSettings["backend"], "auto">;

/** The first of them that there is. */
const CHAIN: readonly Place[] = ["sql", "redis", "embedded", "memory"];

/** Throws `AdapterNotFoundError` for one that is asked for and not there. */
export function chooseStore(places: JournalPlaces, { settings, ...parts }: ChooseParts): JournalStore {
  const { redis, sql, keyValue, memory } = places;
  const { backend, retention } = settings;
  const makers: Readonly<Record<Place, (() => JournalStore) | undefined>> = {
    sql: sql && (() => new SqlJournalStore({ ...parts, database: sql })),
    redis: redis && (() => new RedisJournalStore({ ...parts, client: redis, retention })),
    embedded: keyValue.durable ? () => new KvJournalStore({ ...parts, store: keyValue }) : undefined,
    memory: () => new KvJournalStore({ ...parts, store: memory() }),
  };
  const wanted = backend === "auto" ? CHAIN.find((place) => makers[place] !== undefined) : backend;
  const make = wanted && makers[wanted];
  if (make !== undefined) return make();
  throw new AdapterNotFoundError(
    "journal",
    backend,
    `BALDUR_EVENT_JOURNAL_BACKEND is ${backend}, and there is none`,
  );
}
