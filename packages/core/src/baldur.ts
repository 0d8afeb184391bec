import type { Baldur, ProtectCall, ProtectWithMeta } from "./api.js";
import type { AnyFunction } from "./call.js";
import { Calls } from "./calls.js";
import type { CircuitBreaker, CircuitRow, CircuitState } from "./circuit-breaker/types.js";
import { type HotClock, hotClock, type Random, systemRandom } from "./clock.js";
import { type ControlState, KillSwitch } from "./control/kill-switch.js";
import { controlSettings } from "./control/settings.js";
import { createDocuments } from "./control-documents.js";
import { SETTINGS } from "./declared-settings.js";
import type { DocumentStore } from "./documents/documents.js";
import type { DeferredDocumentStore } from "./documents/stores/deferred.js";
import { Domains } from "./domain/domain.js";
import { AdapterNotFoundError, ConfigurationError, invalid } from "./errors.js";
import type { FailedOperation, ReplayEnding, ReplayHandler } from "./failure-capture/operation.js";
import { ReplayHandlers } from "./failure-capture/replay-handlers.js";
import { ReplayScope } from "./failure-capture/replay-scope.js";
import type { FleetMembership } from "./fleet.js";
import { type Health, idleHealth } from "./health/health.js";
import type { IdempotencyGate } from "./idempotency/gate.js";
import { idempotencySettings } from "./idempotency/settings.js";
import type { IdempotencyStore } from "./idempotency/store.js";
import { KvIdempotencyStore } from "./idempotency/stores/kv.js";
import { MemoryIdempotencyStore } from "./idempotency/stores/memory.js";
import { SuccessionIdempotencyStore } from "./idempotency/stores/succession.js";
import { idleJournal, type Journal } from "./journal/types.js";
import { MemoryKeyValueStore } from "./kv/stores/memory.js";
import { idleLifecycle, type Lifecycle, type ShutdownReport } from "./lifecycle/lifecycle.js";
import type { ShutdownRequest } from "./lifecycle/runtime-lifecycle.js";
import type { Operations, OperationsParts } from "./operations.js";
import { CallerSignals } from "./pipeline/caller-signal.js";
import { Deadlines } from "./pipeline/deadline.js";
import type { CircuitBreakerOptions, ProtectOptions } from "./pipeline/options.js";
import { scopes } from "./pipeline/scope.js";
import type { CallServices } from "./pipeline/services.js";
import type { PluginHost, Surroundings } from "./plugins/host.js";
import type { Plugin } from "./plugins/plugin.js";
import type { AdminRoute } from "./plugins/route.js";
import {
  configurationQuarantined,
  type Posture,
  runtimeAdopted,
  runtimePosture,
  unknownVariable,
} from "./posture.js";
import { type Caller, createProtected, type Protect } from "./protected.js";
import type { RateLimitServices } from "./rate-limit/gate.js";
import { rateLimitSettings } from "./rate-limit/settings.js";
import { idleReports, type Reports } from "./report/reports.js";
import { type BaldurOptions, checkOptions, overridesOf } from "./runtime-options.js";
import { idleScheduler, type Scheduler } from "./scheduler/scheduler.js";
import { SettingsCatalog } from "./settings/catalog.js";
import type { SettingsGroup } from "./settings/define.js";
import { Environment } from "./settings/environment.js";
import { unknownVariables } from "./settings/resolve.js";
import { environmentProblem, isProduction, runtimeSettings, storageSettings } from "./settings/runtime.js";
import { metricsSlot } from "./slots/metrics.js";
import { SlotTable } from "./slots/slot.js";
import { SLOTS } from "./slots/slots.js";
import { Backends } from "./storage/backends.js";
import { defaultStateFolder } from "./storage/folder.js";
import { KeyValueTier } from "./storage/key-value.js";
import { requireConfiguredStores, requireDurableStores } from "./storage/requirements.js";
import type { SharedStorage } from "./storage/shared-storage.js";
import { unwritable } from "./storage/writable.js";
import { JsonLineLogger } from "./telemetry/logger.js";
import { loggingSettings, metricsSettings } from "./telemetry/settings.js";
import { LogSink } from "./telemetry/sinks/log.js";
import { TelemetryHub } from "./telemetry/telemetry.js";
import { isObject } from "./validate.js";
import { within } from "./within.js";

/** How the default runtime is made. */
export interface Origin {
  /** Made behind the host's back, so its settings must not throw at whoever calls first. */
  readonly quarantine?: boolean;
  /** Shared with the runtimes before and after it. */
  readonly replayHandlers?: ReplayHandlers;
  /** The runtime before it has told the posture. */
  readonly announced?: boolean;
  /** Work that was done stays done. */
  readonly idempotencyStore?: MemoryIdempotencyStore;
}

/** Milliseconds that a start under way has to end before the runtime is closed. */
const START_TIMEOUT = 30_000;
/** Milliseconds that are kept, when a runtime closes, for what keeps its state; at most an eighth of all. */
const RESERVE = 2000;
/** Milliseconds that it has in any case. */
const LEAST = 500;
/** What a start loads. */
interface Loaded extends Pick<typeof import("./operations.js"), "discoverPlugins"> {
  readonly operations: Operations;
  readonly host: PluginHost;
}

/** Areas that packages bring: naming one whose package is absent is no mistake. */
const AREAS_OF_PACKAGES: readonly string[] = [
  "dlq",
  "replay",
  "redis",
  "sql",
  "embedded",
  "admin",
  "prometheus",
];

/**
 * Makes a runtime: no timer, no port, no file. Reads the settings once. Throws `ConfigurationError` with every setting
 * that breaks its rule.
 * @public
 */
export function createBaldur(options: BaldurOptions = {}): Baldur {
  return new Runtime(options);
}

/** The inside of `Baldur`. */
export class Runtime implements Baldur, Caller {
  readonly settings: SettingsCatalog;
  readonly telemetry: TelemetryHub;
  readonly slots: SlotTable = new SlotTable(SLOTS);
  readonly control: KillSwitch;
  readonly replayHandlers: ReplayHandlers;
  /** The posture was told. */
  announced: boolean;
  readonly protect: ProtectCall;
  readonly protectWithMeta: ProtectWithMeta;
  readonly protected: Protect;
  readonly calls: Calls;
  /** For the gates. */
  rateLimiting: RateLimitServices;
  readonly #options: BaldurOptions;
  #plugging: Required<Pick<BaldurOptions, "plugins" | "discover">>;
  readonly #environment: Environment;
  readonly #clock: HotClock;
  readonly #deadlines: Deadlines;
  readonly #domains: Domains;
  /** In use until the start, and where nothing durable is there. */
  readonly idempotencyStore: MemoryIdempotencyStore;
  readonly #documents: DeferredDocumentStore;
  readonly #keyValue: KeyValueTier;
  readonly #backends = new Backends();
  readonly #random: Random;
  readonly #idle = idleLifecycle((options) => this.#shutDown(options ?? {}));
  #operations: Operations | undefined;
  #host: PluginHost | undefined;
  #loading: Promise<Loaded> | undefined;
  #fleet: FleetMembership | undefined;
  readonly #replays = new ReplayScope();
  #isDefault = false;
  #started = false;
  #starting: Promise<this> | undefined;
  #closing: Promise<ShutdownReport> | undefined;

  constructor(options: BaldurOptions = {}, origin: Origin = {}) {
    checkOptions(options);
    const random: Random = options.random ?? systemRandom;
    this.#options = options;
    this.#random = random;
    this.#plugging = { plugins: options.plugins ?? [], discover: options.discover ?? true };
    this.#environment = new Environment(options.env);
    this.settings = new SettingsCatalog(this.#environment, overridesOf(options));
    const settingProblems = this.#resolve(SETTINGS);
    const environment = environmentProblem(this.settings.of(runtimeSettings));
    const problems = environment === undefined ? settingProblems : [...settingProblems, environment];
    if (!origin.quarantine) this.#refuse(problems);
    this.#clock = hotClock(options.clock);
    this.telemetry = new TelemetryHub(this.#clock, this.settings.of(metricsSettings));
    this.telemetry.addSink(this.#createLogSink());
    this.announced = origin.announced ?? false;
    this.replayHandlers = origin.replayHandlers ?? new ReplayHandlers();
    this.#domains = new Domains(this.telemetry);
    this.#keyValue = new KeyValueTier(this.telemetry);
    this.#documents = createDocuments({
      clock: this.#clock,
      telemetry: this.telemetry,
      settings: this.settings,
      dataFolder: () => this.#dataFolder(),
      keyValue: () => this.#keyValue.store,
    });
    this.control = this.#createControl();
    this.#deadlines = new Deadlines(this.#clock);
    this.idempotencyStore = origin.idempotencyStore ?? this.#createIdempotencyStore();
    this.calls = this.#createCalls(random);
    this.rateLimiting = {
      clock: this.#clock,
      telemetry: this.telemetry,
      enabled: this.settings.of(rateLimitSettings).enabled,
      control: this.control,
    };
    const calls = this.calls;
    this.protect = ((name, fn, given) => calls.run(name, fn, given)) as ProtectCall;
    this.protectWithMeta = ((name, fn, given) => calls.runWithMeta(name, fn, given)) as ProtectWithMeta;
    this.protected = createProtected(() => this, this.replayHandlers);
    this.quarantined = problems.length > 0;
    if (this.quarantined) this.telemetry.report(configurationQuarantined, { problems });
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Runs on the defaults of settings that break their rules. */
  readonly quarantined: boolean;

  /** For the gate `idempotent`. */
  get idempotency(): IdempotencyGate {
    return this.calls.idempotency;
  }

  call(
    name: string,
    fn: AnyFunction,
    options?: ProtectOptions,
    args?: readonly unknown[],
    self?: unknown,
  ): Promise<unknown> {
    return this.calls.run(name, fn, options, args, self);
  }

  onReplay(name: string, handler: ReplayHandler | ((operation: FailedOperation) => unknown)): Disposable {
    return this.replayHandlers.register(name, handler);
  }

  domain<T>(name: string, fn: () => T): T {
    if (typeof fn !== "function") throw invalid("fn", "a function", fn);
    return this.#domains.run(name, fn);
  }

  circuit(name: string, options?: CircuitBreakerOptions): CircuitBreaker {
    return this.calls.circuits.handle(name, options);
  }

  circuits(filter: { state?: CircuitState } = {}): CircuitRow[] {
    if (!isObject(filter)) throw invalid("filter", "an object", filter);
    return this.calls.circuits.rows(filter);
  }

  start(): Promise<this> {
    if (this.closed)
      return Promise.reject(new ConfigurationError("a runtime that was closed cannot be started again"));
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  close(options: { deadline?: number } = {}): Promise<ShutdownReport> {
    return this.#shutDown({ ...options, immediate: true });
  }

  get lifecycle(): Lifecycle {
    return this.#operations?.lifecycle ?? this.#idle;
  }

  get health(): Health {
    return this.#operations?.health ?? idleHealth;
  }

  get scheduler(): Scheduler {
    return this.#operations?.scheduler ?? idleScheduler;
  }

  get reports(): Reports {
    return this.#operations?.reports ?? idleReports;
  }

  get journal(): Journal {
    return this.#operations?.journal ?? idleJournal;
  }

  routes(): readonly AdminRoute[] {
    return this.#host?.routes() ?? [];
  }

  posture(): Posture {
    const entitlement = this.#host?.entitlement ?? { status: "missing" };
    return {
      tier: entitlement.status === "active" ? "pro" : "oss",
      storage: this.#backends.name ?? this.#keyValue.name,
      storageMode: this.storage.mode,
      metrics: this.slots.isFilled(metricsSlot) ? this.slots.get(metricsSlot).kind : "none",
      entitlement,
      plugins: this.#host?.rows() ?? [],
      degraded: this.#degraded(),
    };
  }

  get storage(): SharedStorage {
    const storage = this.#fleet?.storage;
    return {
      mode: storage?.mode ?? "normal",
      divergences: () => storage?.report() ?? [],
      checkAndRecover: async () => (await storage?.checkAndRecover()) ?? false,
    };
  }

  /** It is the application's own from now on. */
  adopt(): this {
    this.#isDefault = true;
    if (!this.#started) return this;
    this.#listen();
    this.telemetry.report(runtimeAdopted, {});
    return this;
  }

  /** Takes over what only matters from the start on. */
  plug({ plugins, discover }: Pick<BaldurOptions, "plugins" | "discover">): this {
    checkOptions({ ...(plugins !== undefined && { plugins }), ...(discover !== undefined && { discover }) });
    this.#plugging = { plugins: plugins ?? [], discover: discover ?? true };
    return this;
  }

  async #start(): Promise<this> {
    const { operations, host, discoverPlugins } = await this.#load();
    const runtime = this.settings.of(runtimeSettings);
    const { plugins: explicit, discover } = this.#plugging;
    const found = discover ? await discoverPlugins({ list: runtime.plugins }) : { plugins: [], broken: [] };
    const plugins = [...explicit, ...found.plugins];
    this.#refuse([
      ...operations.problems,
      ...this.#resolve(distinct(plugins).flatMap((plugin) => plugin.settings ?? [])),
      ...this.#unknownAreas(),
    ]);
    await host.load(plugins, found.broken);
    await this.#backends.open((kind) => host.providers(kind)[0]?.factory);
    await this.#keyValue.open(host.providers("embedded")[0]?.factory);
    await this.#requireStores(host);
    await this.#joinFleet();
    this.#opened(operations);
    this.#useDurableIdempotency();
    this.slots.seal();
    await host.start(); // one that fails takes back what it filled
    this.calls.recompose();
    await this.control.start();
    this.#reportUnknownVariables();
    this.#started = true;
    operations.start();
    this.#listen();
    this.#reportPosture();
    return this;
  }

  /** What is not needed before a start. */
  #load(): Promise<Loaded> {
    this.#loading ??= import("./operations.js").then(({ Operations, PluginHost, discoverPlugins }) => {
      this.#operations = new Operations(this.#operationsParts());
      this.#host = new PluginHost({
        slots: this.slots,
        telemetry: this.telemetry,
        clock: this.#clock,
        surroundings: () => this.#surroundings(),
        env: (name) => new Environment(this.#options.env).get(name), // as it is when asked, not as it was at first
      });
      return { operations: this.#operations, host: this.#host, discoverPlugins };
    });
    return this.#loading;
  }

  #operationsParts(): OperationsParts {
    return {
      runtime: this,
      settings: this.settings,
      clock: this.#clock,
      random: this.#random,
      telemetry: this.telemetry,
      slots: this.slots,
      documents: this.#documents,
      stateFolder: () => this.#dataFolder(),
      calls: () =>
        [...this.calls.endpoints.values()].flatMap(({ name, inFlight }) =>
          inFlight > 0 ? [[name, inFlight] as const] : [],
        ),
      shutDown: (request) => this.#shutDown(request),
    };
  }

  #opened(operations: Operations): void {
    operations.opened({
      redis: this.#backends.redis,
      sql: this.#backends.sql,
      keyValue: this.#keyValue.store,
      memory: () => new MemoryKeyValueStore(),
      embeddedProblem: () => this.#keyValue.problem,
    });
  }

  #listen(): void {
    if (this.#options.signals ?? this.#isDefault) this.#operations?.signals.listen();
  }

  #shutDown(request: ShutdownRequest): Promise<ShutdownReport> {
    const deadline = request.deadline;
    if (deadline !== undefined && !(typeof deadline === "number" && deadline >= 0))
      return Promise.reject(invalid("deadline", "a number of milliseconds", deadline));
    this.#closing ??= this.#close(request);
    return this.#closing;
  }

  async #close(request: ShutdownRequest): Promise<ShutdownReport> {
    this.#operations?.lifecycle.begin(request);
    await this.#startEnded(request.deadline ?? START_TIMEOUT);
    const { operations, host } = await this.#load();
    operations.lifecycle.begin(request);
    const report = await operations.lifecycle.end(request, (limit) => this.#release(limit, operations, host));
    operations.signals[Symbol.dispose]();
    return report;
  }

  /** Gives back everything, within about so many milliseconds. Answers what did not end. Never rejects. */
  async #release(limit: number, operations: Operations, host: PluginHost): Promise<string[]> {
    const end = this.#clock.monotonic() + limit;
    const remaining = (): number => Math.max(0, end - this.#clock.monotonic());
    const reserve = Math.min(limit / 8, RESERVE);
    const jobs = await operations.close((limit - reserve) / 2);
    const plugins = await host.close(Math.max(0, remaining() - reserve));
    const stores = await operations.release(Math.max(remaining(), LEAST), [
      { name: "control", close: () => this.control.close() },
      { name: "reports", close: () => operations.reports.close() },
      { name: "documents", close: () => this.#documents.close() },
      { name: "journal", close: (limit) => operations.journal?.close(limit / 2) },
      { name: "fleet", close: () => this.#fleet?.leave() },
      { name: "embedded store", close: () => this.#keyValue.close() }, // the switch may be kept in it
      { name: "servers", close: () => this.#backends.close() },
    ]);
    this.#deadlines.close();
    return [...jobs, ...plugins, ...stores];
  }

  /** A start that is under way, and what it rejects with, is waited for, within the deadline. */
  async #startEnded(deadline: number): Promise<void> {
    if (this.#starting === undefined) return;
    const ended = this.#starting.then(
      () => undefined,
      () => undefined,
    );
    await within(this.#clock, deadline, () => ended).catch(() => undefined);
  }

  /** Settles more settings. Answers what is wrong with them. */
  #resolve(groups: readonly SettingsGroup[]): readonly string[] {
    const known = this.settings.groups();
    return this.settings.add(groups.filter((group) => !known.includes(group)));
  }

  #refuse(problems: readonly string[]): void {
    if (problems.length === 0) return;
    const error = new ConfigurationError(problems.join("\n"), { problems });
    if (this.#options.onFatalConfig === undefined) throw error;
    this.#options.onFatalConfig(error);
  }

  #unknownAreas(): string[] {
    return this.settings.unknownAreas(AREAS_OF_PACKAGES).map(({ area, nearest }) => {
      const hint = nearest === undefined ? "" : `; did you mean ${nearest}?`;
      return `settings.${area} is not an area of settings${hint}`;
    });
  }

  async #requireStores(host: PluginHost): Promise<void> {
    const { redis, sql } = this.#backends;
    const runtime = this.settings.of(runtimeSettings);
    const requirements = {
      runtime,
      storage: this.settings.of(storageSettings),
      control: this.settings.of(controlSettings),
      isProvided: (kind: string) => host.providers(kind).length > 0,
      isReached: (kind: "redis" | "sql") => this.#backends[kind]?.available === true,
      embeddedProblem: this.#keyValue.problem,
      unwritable: isProduction(runtime) ? await unwritable(redis, sql) : [],
    };
    requireConfiguredStores(requirements);
    requireDurableStores(requirements);
  }

  async #joinFleet(): Promise<void> {
    const { redis, sql } = this.#backends;
    if (this.#fleet !== undefined || (redis === undefined && sql === undefined)) return;
    const { joinFleet } = await import("./fleet.js");
    this.#fleet = await joinFleet({
      redis,
      sql,
      calls: this.calls,
      settings: this.settings,
      clock: this.#clock,
      random: this.#random,
      telemetry: this.telemetry,
      control: this.control,
      stateFolder: () => this.#dataFolder(),
    });
    this.rateLimiting = { ...this.rateLimiting, store: this.#fleet.rateLimits };
    const documents = this.#fleetDocuments(this.#fleet);
    if (documents !== undefined) await this.#documents.use(documents);
  }

  #fleetDocuments({ documents: { redis, sql } }: FleetMembership): DocumentStore | undefined {
    const { backend } = this.settings.of(controlSettings);
    if (backend === "auto") return redis ?? sql;
    return backend === "redis" ? redis : backend === "sql" ? sql : undefined;
  }

  #useDurableIdempotency(): void {
    const durable = this.#durableIdempotency();
    if (durable === undefined) return;
    this.idempotency.use(new SuccessionIdempotencyStore(this.idempotencyStore, durable));
  }

  /** Undefined for the memory of this process. */
  #durableIdempotency(): IdempotencyStore | undefined {
    const { redis, sql } = this.#fleet?.idempotency ?? {};
    const { store } = this.#keyValue;
    const embedded = store.durable ? new KvIdempotencyStore({ store, clock: this.#clock }) : undefined;
    const { backend } = this.settings.of(idempotencySettings);
    if (backend === "auto") return redis ?? sql ?? embedded;
    const wanted = { redis, sql, embedded, memory: undefined }[backend];
    if (wanted !== undefined || backend === "memory") return wanted;
    throw new AdapterNotFoundError(
      "idempotency",
      backend,
      `BALDUR_IDEMPOTENCY_BACKEND is ${backend}, and there is none`,
    );
  }

  #reportUnknownVariables(): void {
    if (this.settings.of(runtimeSettings).suppressUnknownEnvWarning) return;
    for (const { name, nearest } of unknownVariables(this.settings.groups(), this.#environment)) {
      this.telemetry.report(unknownVariable, { env_var: name, nearest });
    }
  }

  #reportPosture(): void {
    if (this.announced) return;
    this.announced = true;
    const { tier, storage, metrics } = this.posture();
    this.telemetry.report(runtimePosture, { tier, storage, metrics, started: this.#started });
  }

  #createLogSink(): LogSink {
    const { level, dlqLevel, cbLevel, replayLevel, slaLevel } = this.settings.of(loggingSettings);
    const levels = { root: level, dlq: dlqLevel, cb: cbLevel, replay: replayLevel, sla: slaLevel };
    return new LogSink(this.#options.logger ?? new JsonLineLogger(), this.#clock, levels);
  }

  #createControl(): KillSwitch {
    return new KillSwitch({
      clock: this.#clock,
      telemetry: this.telemetry,
      documents: this.#documents,
      backend: () => this.#controlBackend(),
      dryRunFloor: this.settings.of(runtimeSettings).executionMode !== "active",
    });
  }

  #controlBackend(): ControlState["backend"] {
    const { backend } = this.settings.of(controlSettings);
    if (backend === "embedded") return this.#keyValue.name;
    const { redis, sql } = this.#fleet?.documents ?? {};
    const found = redis ? "redis" : sql ? "sql" : "file";
    const used = backend === "auto" ? found : backend;
    return used === "sql" ? "postgres" : used;
  }

  #createCalls(random: Random): Calls {
    const services: CallServices = {
      clock: this.#clock,
      random,
      telemetry: this.telemetry,
      deadlines: this.#deadlines,
      callerSignals: new CallerSignals(),
      scope: scopes(),
      domainOf: (given, name) => this.#domains.of(given, name),
      control: this.control,
    };
    return new Calls({
      services,
      settings: this.settings,
      slots: this.slots,
      idempotencyStore: this.idempotencyStore,
      isReplaying: () => this.#replays.active,
      onNewName: () => this.#reportPosture(),
    });
  }

  #dataFolder(): string {
    const stateHome = this.#environment.get("XDG_STATE_HOME");
    return this.settings.of(storageSettings).dataDir ?? defaultStateFolder(process.cwd(), stateHome);
  }

  #degraded(): string[] {
    const { problem } = this.#keyValue;
    const control = this.control.persisted ? [] : ["control: the latest change is not stored yet"];
    const storage = problem === undefined ? [] : [`storage: ${problem}`];
    const { away } = this.#backends;
    const isLate = this.storage.mode !== "normal" && away.length === 0;
    const late = isLate ? ["storage: it is back, and what was decided without it is not merged yet"] : [];
    return [...control, ...storage, ...away, ...late];
  }

  #replay(operation: FailedOperation): Promise<ReplayEnding> {
    const { name, id } = operation;
    const protect = (work: () => unknown): unknown =>
      this.calls.run(name, work, { dlq: false, replayOf: id });
    return this.#replays.run(id, () => this.replayHandlers.run(operation, protect));
  }

  #createIdempotencyStore(): MemoryIdempotencyStore {
    const { memoryMaxKeys } = this.settings.of(idempotencySettings);
    return new MemoryIdempotencyStore({ clock: this.#clock, maxKeys: memoryMaxKeys });
  }

  #surroundings(): Surroundings {
    return {
      runtime: this,
      isDefault: () => this.#isDefault,
      settings: (group, overrides) => this.settings.withOverrides(group, overrides),
      storage: this.settings.of(storageSettings),
      documents: this.#documents,
      keyValue: () => this.#keyValue.store,
      redis: () => this.#backends.redis,
      sql: () => this.#backends.sql,
      dataFolder: () => this.#dataFolder(),
      control: this.control,
      telemetry: this.telemetry,
      clock: this.#clock,
      replayHandlers: this.replayHandlers,
      replay: (operation) => this.#replay(operation),
    } satisfies Surroundings;
  }
}

/** Of plugins with one name the first; the host reports the others. */
function distinct(plugins: readonly Plugin[]): Plugin[] {
  return plugins.filter(({ name }, at) => plugins.findIndex((other) => other.name === name) === at);
}
