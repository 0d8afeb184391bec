import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RedisClient, systemClock } from "@baldur/core/plugin";
import type { DegradedStore } from "@baldur/core/source/storage/degraded-store.js";
import { type OpenOptions, openResilientStorage } from "@baldur/core/source/storage/open.js";
import type { ResilientStorage } from "@baldur/core/source/storage/resilient-storage.js";
import {
  type ResilientStorageSettings,
  resilientStorageSettings,
} from "@baldur/core/source/storage/settings.js";
import { TelemetryHub } from "@baldur/core/source/telemetry/telemetry.js";
import { type RecordedTelemetry, recordTelemetry } from "@baldur/testkit";
import { Clients } from "../fixture.js";

const DEFAULTS = Object.fromEntries(
  Object.entries(resilientStorageSettings.fields).map(([key, field]) => [key, field.default]),
) as unknown as ResilientStorageSettings;

/** Small, so that a test need not wait. */
const BRISK = { recoveryProbeInterval: 1000, recoveryJitterMax: 0 };

export interface Worker {
  readonly client: RedisClient;
  readonly storage: ResilientStorage;
}

/** A host with a folder for logs, and processes that share it; they are all this process. */
export class Host implements AsyncDisposable {
  readonly clock = systemClock();
  readonly hub: TelemetryHub = new TelemetryHub(this.clock);
  readonly telemetry: RecordedTelemetry = recordTelemetry({ telemetry: this.hub });
  readonly #root = mkdtempSync(join(tmpdir(), "baldur-degraded-"));
  readonly #clients = new Clients();
  readonly #open: ResilientStorage[] = [];

  get folder(): string {
    return join(this.#root, "wal");
  }

  /** Logs that nobody took. */
  logs(): string[] {
    return existsSync(this.folder) ? readdirSync(this.folder) : [];
  }

  async worker(url: string, options: Partial<OpenOptions> = {}): Promise<Worker> {
    const client = await this.#clients.open(url, { socketTimeout: 5000, probeConnectTimeout: 5000 });
    const storage = await openResilientStorage({
      client,
      destination: url,
      dataDir: this.#root,
      stateFolder: () => this.#root,
      isProduction: false,
      clock: this.clock,
      random: Math.random,
      telemetry: this.hub,
      settings: { ...DEFAULTS, ...BRISK },
      ...options,
    });
    this.#open.push(storage);
    return { client, storage };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const storage of this.#open) await storage[Symbol.asyncDispose]();
    await this.#clients[Symbol.asyncDispose]();
    rmSync(this.#root, { recursive: true, force: true });
  }
}

/** The same, whoever answers. */
export async function everything(store: DegradedStore) {
  await store.set("text", "one");
  await store.hset("hash", { a: "1", b: "2", c: "3" });
  await store.hdel("hash", "b");
  await store.zadd("set", { low: 1, high: 3, middle: 2 });
  await store.zadd("set", { low: 9.5 });
  await store.zrem("set", "nobody");
  await store.setBlob("blob", Buffer.from([0, 255, 128]));
  await store.set("gone", "x");
  await store.delete("gone");
  await store.set("brief", "x", { ttl: 60_000 });
  return {
    text: await store.get("text"),
    absent: [
      await store.get("absent"),
      await store.get("gone"),
      await store.hget("hash", "b"),
      await store.getBlob("absent"),
    ],
    setnx: [
      await store.setnx("once", "1"),
      await store.setnx("once", "2", { ttl: 1000 }),
      await store.get("once"),
    ],
    incr: [await store.incr("count"), await store.incr("count", 5), await store.incr("count", -2)],
    hash: await store.hgetall("hash"),
    none: await store.hgetall("none"),
    set: [
      await store.zrange("set", 0, -1),
      await store.zrange("set", 1, 1),
      await store.zrange("set", -1, -1),
    ],
    outside: [
      await store.zrange("set", 5, 9),
      await store.zrange("set", -9, -8),
      await store.zrange("none", 0, -1),
    ],
    blob: [...((await store.getBlob("blob")) ?? [])],
    keys: [(await store.scan("")).toSorted(), await store.scan("te"), await store.scan("no*")],
  };
}

export const EXPECTED = {
  text: "one",
  absent: [undefined, undefined, undefined, undefined],
  setnx: [true, false, "1"],
  incr: [1, 6, 4],
  hash: { a: "1", c: "3" },
  none: {},
  set: [["middle", "high", "low"], ["high"], ["low"]],
  outside: [[], [], []],
  blob: [0, 255, 128],
  keys: [["blob", "brief", "count", "hash", "once", "set", "text"], ["text"], []],
};
