import type { Baldur, ProtectCall, ProtectWithMeta } from "./api.js";
import type { AnyFunction } from "./call.js";
import { Calls } from "./calls.js";
import type { CircuitBreaker, CircuitRow, CircuitState } from "./circuit-breaker/types.js";
import { type HotClock, hotClock, type Random, systemRandom } from "./clock.js";
import { KillSwitch } from "./control/kill-switch.js";
import { SETTINGS } from "./declared-settings.js";
import { Domains } from "./domain/domain.js";
import { ConfigurationError, invalid } from "./errors.js";
import type { FailedOperation, ReplayEnding, ReplayHandler } from "./failure-capture/operation.js";
import { ReplayHandlers } from "./failure-capture/replay-handlers.js";
import { ReplayScope } from "./failure-capture/replay-scope.js";
import { type Health, idleHealth } from "./health/health.js";
import type { IdempotencyGate } from "./idempotency/gate.js";
import { idempotencySettings } from "./idempotency/settings.js";
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
import { environmentProblem, runtimeSettings, storageSettings } from "./settings/runtime.js";
import { metricsSlot } from "./slots/metrics.js";
import { SlotTable } from "./slots/slot.js";
import { SLOTS } from "./slots/slots.js";
import type { SharedStorage } from "./storage/shared-storage.js";
import { Stores } from "./stores.js";
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
  readonly #stores: Stores;
  readonly #random: Random;
  readonly #idle = idleLifecycle((options) => this.#shutDown(options ?? {}));
  #operations: Operations | undefined;
  #host: PluginHost | undefined;
  #loading: Promise<Loaded> | undefined;
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
    this.#stores = new Stores({
      settings: this.settings,
      environment: this.#environment,
      clock: this.#clock,
      random,
      telemetry: this.telemetry,
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
      storage: this.#stores.name,
      storageMode: this.storage.mode,
      metrics: this.slots.isFilled(metricsSlot) ? this.slots.get(metricsSlot).kind : "none",
      entitlement,
      plugins: this.#host?.rows() ?? [],
      degraded: [...this.#unsaved(), ...this.#stores.degraded],
    };
  }

  get storage(): SharedStorage {
    return this.#stores.shared;
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
    await this.#stores.open(host, { calls: this.calls, control: this.control });
    this.rateLimiting = { ...this.rateLimiting, store: this.#stores.rateLimits };
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
      documents: this.#stores.documents,
      stateFolder: () => this.#stores.dataFolder(),
      calls: () =>
        [...this.calls.endpoints.values()].flatMap(({ name, inFlight }) =>
          inFlight > 0 ? [[name, inFlight] as const] : [],
        ),
      shutDown: (request) => this.#shutDown(request),
    };
  }

  #opened(operations: Operations): void {
    operations.opened({
      redis: this.#stores.backends.redis,
      sql: this.#stores.backends.sql,
      keyValue: this.#stores.keyValue.store,
      memory: () => new MemoryKeyValueStore(),
      embeddedProblem: () => this.#stores.keyValue.problem,
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
      { name: "documents", close: () => this.#stores.documents.close() },
      { name: "journal", close: (limit) => operations.journal?.close(limit / 2) },
      { name: "fleet", close: () => this.#stores.leaveFleet() },
      { name: "embedded store", close: () => this.#stores.keyValue.close() }, // the switch may be kept in it
      { name: "servers", close: () => this.#stores.backends.close() },
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

  #useDurableIdempotency(): void {
    const durable = this.#stores.idempotency();
    if (durable === undefined) return;
    this.idempotency.use(new SuccessionIdempotencyStore(this.idempotencyStore, durable));
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
      documents: this.#stores.documents,
      backend: () => this.#stores.controlBackend,
      dryRunFloor: this.settings.of(runtimeSettings).executionMode !== "active",
    });
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

  #unsaved(): string[] {
    return this.control.persisted ? [] : ["control: the latest change is not stored yet"];
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
      documents: this.#stores.documents,
      keyValue: () => this.#stores.keyValue.store,
      redis: () => this.#stores.backends.redis,
      sql: () => this.#stores.backends.sql,
      dataFolder: () => this.#stores.dataFolder(),
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
