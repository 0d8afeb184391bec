import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createFakeClock, type FakeClock, type RecordedTelemetry, recordTelemetry } from "@baldur/testkit";
import { ResilientStorage } from "../../src/storage/resilient-storage.js";
import { type ResilientStorageSettings, resilientStorageSettings } from "../../src/storage/settings.js";
import { TelemetryHub } from "../../src/telemetry/telemetry.js";
import { Wal, type WalOptions } from "../../src/wal/wal.js";
import { DEAD_PID } from "../wal/fixture.js";
import { FakeRedis, FakeServer } from "./fake-redis.js";

const DEADLINE = 20_000;

const DEFAULTS = Object.fromEntries(
  Object.entries(resilientStorageSettings.fields).map(([key, field]) => [key, field.default]),
) as unknown as ResilientStorageSettings;

/** Asks until the answer is yes. */
export async function until(what: () => unknown, between: () => Promise<unknown> = () => sleep(1)) {
  const end = performance.now() + DEADLINE;
  while (!what()) {
    if (performance.now() > end) throw new Error(`never came: ${what.toString()}`);
    await between();
  }
}

export interface WorkerOptions {
  readonly settings?: Partial<ResilientStorageSettings>;
  readonly wal?: Partial<WalOptions>;
  /** In [0, 1). */
  readonly random?: () => number;
}

/** One process. */
export interface Worker {
  readonly redis: FakeRedis;
  readonly wal: Wal;
  readonly storage: ResilientStorage;
}

/** Processes of one host that share a Redis. */
export class Site implements AsyncDisposable {
  readonly clock: FakeClock = createFakeClock();
  readonly server = new FakeServer(() => this.clock.now());
  readonly hub: TelemetryHub = new TelemetryHub(this.clock);
  readonly telemetry: RecordedTelemetry = recordTelemetry({ telemetry: this.hub });
  readonly #workers: Worker[] = [];
  #sessions = 0;

  private constructor(readonly root: string) {}

  static async create(): Promise<Site> {
    return new Site(await mkdtemp(join(tmpdir(), "baldur-storage-")));
  }

  get folder(): string {
    return join(this.root, "wal");
  }

  /** A process of the same host. `wal.pid`: dead to the others from the beginning. */
  worker({ settings, wal: walOptions, random = () => 0.5 }: WorkerOptions = {}): Worker {
    const { clock, hub: telemetry, folder } = this;
    const redis = new FakeRedis(this.server);
    const wal = new Wal({ name: "state", folder, clock, telemetry, ...walOptions });
    const storage = new ResilientStorage({
      client: redis,
      wal,
      fallback: folder,
      clock,
      random,
      telemetry,
      settings: { ...DEFAULTS, ...settings },
      session: `session-${++this.#sessions}`,
    });
    storage.start();
    const worker = { redis, wal, storage };
    this.#workers.push(worker);
    return worker;
  }

  /** One that others take for dead, so that they take its log up as soon as they look. */
  mortal(options: WorkerOptions = {}): Worker {
    return this.worker({ ...options, wal: { ...options.wal, pid: DEAD_PID } });
  }

  /** Time goes on until the answer is yes. */
  async passes(what: () => unknown): Promise<void> {
    await until(what, async () => {
      await this.clock.advance(1000);
      await sleep(1);
    });
  }

  async recovers(...workers: readonly Worker[]): Promise<void> {
    await this.passes(() => workers.every(({ storage }) => storage.mode === "normal"));
  }

  names(): string[] {
    return this.telemetry.events.map(({ name }) => name);
  }

  /** What is in Redis under the key of a feature. */
  shared(feature: string, key: string): unknown {
    return this.server.do(["GET", `baldur:state:{${feature}}:${key}`]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { storage } of this.#workers) await storage[Symbol.asyncDispose]();
    await rm(this.root, { recursive: true, force: true });
  }
}
