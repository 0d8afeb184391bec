import type { Calls } from "./calls.js";
import type { HotClock, Random } from "./clock.js";
import type { ControlState, KillSwitch } from "./control/kill-switch.js";
import { controlSettings } from "./control/settings.js";
import { createDocuments } from "./control-documents.js";
import type { DocumentStore } from "./documents/documents.js";
import type { DeferredDocumentStore } from "./documents/stores/deferred.js";
import { AdapterNotFoundError } from "./errors.js";
import type { FleetMembership } from "./fleet.js";
import { idempotencySettings } from "./idempotency/settings.js";
import type { IdempotencyStore } from "./idempotency/store.js";
import { KvIdempotencyStore } from "./idempotency/stores/kv.js";
import type { PluginHost } from "./plugins/host.js";
import type { RateLimitStore } from "./rate-limit/store.js";
import type { SettingsCatalog } from "./settings/catalog.js";
import type { Environment } from "./settings/environment.js";
import { isProduction, runtimeSettings, storageSettings } from "./settings/runtime.js";
import { Backends } from "./storage/backends.js";
import { defaultStateFolder } from "./storage/folder.js";
import { KeyValueTier } from "./storage/key-value.js";
import { requireConfiguredStores, requireDurableStores } from "./storage/requirements.js";
import type { SharedStorage } from "./storage/shared-storage.js";
import { unwritable } from "./storage/writable.js";
import type { TelemetryHub } from "./telemetry/telemetry.js";

export interface StoresParts {
  readonly settings: SettingsCatalog;
  readonly environment: Environment;
  readonly clock: HotClock;
  readonly random: Random;
  readonly telemetry: TelemetryHub;
}

/** What shares its state with the fleet. */
export interface Sharers {
  readonly calls: Calls;
  readonly control: KillSwitch;
}

/** What a runtime keeps its state in: its own memory or folder, and the servers of its fleet. */
export class Stores {
  readonly documents: DeferredDocumentStore;
  readonly keyValue: KeyValueTier;
  readonly backends: Backends = new Backends();
  #fleet: FleetMembership | undefined;

  constructor(private readonly parts: StoresParts) {
    const { clock, telemetry, settings } = parts;
    this.keyValue = new KeyValueTier(telemetry);
    this.documents = createDocuments({
      clock,
      telemetry,
      settings,
      dataFolder: () => this.dataFolder(),
      keyValue: () => this.keyValue.store,
    });
  }

  /** Where state is kept. */
  get name(): string {
    return this.backends.name ?? this.keyValue.name;
  }

  /** Where the state of control is kept. */
  get controlBackend(): ControlState["backend"] {
    const { backend } = this.parts.settings.of(controlSettings);
    if (backend === "embedded") return this.keyValue.name;
    const { redis, sql } = this.#fleet?.documents ?? {};
    const found = redis ? "redis" : sql ? "sql" : "file";
    const used = backend === "auto" ? found : backend;
    return used === "sql" ? "postgres" : used;
  }

  get shared(): SharedStorage {
    const storage = this.#fleet?.storage;
    return {
      mode: storage?.mode ?? "normal",
      divergences: () => storage?.report() ?? [],
      checkAndRecover: async () => (await storage?.checkAndRecover()) ?? false,
    };
  }

  /** Undefined for limits that each process keeps by itself. */
  get rateLimits(): RateLimitStore | undefined {
    return this.#fleet?.rateLimits;
  }

  /** What is missing, for people. */
  get degraded(): string[] {
    const { problem } = this.keyValue;
    const { away } = this.backends;
    const isLate = this.shared.mode !== "normal" && away.length === 0;
    return [
      ...(problem === undefined ? [] : [`storage: ${problem}`]),
      ...away,
      ...(isLate ? ["storage: it is back, and what was decided without it is not merged yet"] : []),
    ];
  }

  dataFolder(): string {
    const { settings, environment } = this.parts;
    const { dataDir } = settings.of(storageSettings);
    return dataDir ?? defaultStateFolder(process.cwd(), environment.get("XDG_STATE_HOME"));
  }

  /** Opens what plugins provide. Rejects where a store is configured or required and is not there. */
  async open(host: PluginHost, sharers: Sharers): Promise<void> {
    await this.backends.open((kind) => host.providers(kind)[0]?.factory);
    await this.keyValue.open(host.providers("embedded")[0]?.factory);
    await this.#require(host);
    await this.#joinFleet(sharers);
  }

  /** Undefined for the memory of this process. Throws `AdapterNotFoundError` where the one that is configured is not there. */
  idempotency(): IdempotencyStore | undefined {
    const { clock, settings } = this.parts;
    const { redis, sql } = this.#fleet?.idempotency ?? {};
    const { store } = this.keyValue;
    const embedded = store.durable ? new KvIdempotencyStore({ store, clock }) : undefined;
    const { backend } = settings.of(idempotencySettings);
    if (backend === "auto") return redis ?? sql ?? embedded;
    const wanted = { redis, sql, embedded, memory: undefined }[backend];
    if (wanted !== undefined || backend === "memory") return wanted;
    throw new AdapterNotFoundError(
      "idempotency",
      backend,
      `BALDUR_IDEMPOTENCY_BACKEND is ${backend}, and there is none`,
    );
  }

  async leaveFleet(): Promise<void> {
    await this.#fleet?.leave();
  }

  async #require(host: PluginHost): Promise<void> {
    const { settings } = this.parts;
    const { redis, sql } = this.backends;
    const runtime = settings.of(runtimeSettings);
    const requirements = {
      runtime,
      storage: settings.of(storageSettings),
      control: settings.of(controlSettings),
      isProvided: (kind: string) => host.providers(kind).length > 0,
      isReached: (kind: "redis" | "sql") => this.backends[kind]?.available === true,
      embeddedProblem: this.keyValue.problem,
      unwritable: isProduction(runtime) ? await unwritable(redis, sql) : [],
    };
    requireConfiguredStores(requirements);
    requireDurableStores(requirements);
  }

  async #joinFleet(sharers: Sharers): Promise<void> {
    const { redis, sql } = this.backends;
    if (this.#fleet !== undefined || (redis === undefined && sql === undefined)) return;
    const { joinFleet } = await import("./fleet.js");
    const stateFolder = (): string => this.dataFolder();
    this.#fleet = await joinFleet({ ...this.parts, ...sharers, redis, sql, stateFolder });
    const documents = this.#fleetDocuments(this.#fleet);
    if (documents !== undefined) await this.documents.use(documents);
  }

  #fleetDocuments({ documents: { redis, sql } }: FleetMembership): DocumentStore | undefined {
    const { backend } = this.parts.settings.of(controlSettings);
    if (backend === "auto") return redis ?? sql;
    return backend === "redis" ? redis : backend === "sql" ? sql : undefined;
  }
}
