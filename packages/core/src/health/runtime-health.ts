import type { HotClock, Random } from "../clock.js";
import { invalid } from "../errors.js";
import type { Phase } from "../phase.js";
import { PrecomputedCache } from "../precomputed-cache/precomputed-cache.js";
import type { PrecomputedCacheSettings } from "../precomputed-cache/settings.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import {
  type Health,
  type HealthCheck,
  type HealthProbe,
  type HealthReport,
  type HealthStatus,
  NOT_STARTED,
  type PoolReport,
  type PoolRow,
  type PoolStatus,
  type Readiness,
  STATUSES,
} from "./health.js";
import * as metrics from "./metrics.js";
import { Probe } from "./probe.js";
import { type Checks, ReadinessRounds } from "./readiness.js";
import type { HealthSettings } from "./settings.js";

export interface RuntimeHealthParts {
  readonly clock: HotClock;
  readonly random: Random;
  readonly telemetry: Pick<TelemetryHub, "report" | "counter" | "histogram" | "observeGauge">;
  readonly settings: Readonly<HealthSettings>;
  readonly cache: Readonly<PrecomputedCacheSettings>;
  readonly phase: () => Phase;
}

interface Entry {
  readonly probe: Probe;
  readonly readiness: boolean;
}

const POOL_STATUSES: readonly PoolStatus[] = ["healthy", "degraded", "error"];
const LEVELS: Readonly<Record<HealthStatus | PoolStatus, number | undefined>> = {
  healthy: 1,
  degraded: 0.5,
  unhealthy: 0,
  error: 0,
  unknown: undefined,
};
const LONGEST_NAME = 64;

/** The health of a runtime that was started, or is being started. */
export class RuntimeHealth implements Health {
  readonly #entries = new Map<string, Entry>();
  readonly #pools = new Map<string, () => PoolRow>();
  readonly #latest = new Map<string, HealthStatus>();
  readonly #report: PrecomputedCache<HealthReport>;
  readonly #poolReport: PrecomputedCache<PoolReport>;
  readonly #readiness: ReadinessRounds;
  readonly #held: Disposable[] = [];
  #isStarted = false;

  constructor(private readonly parts: RuntimeHealthParts) {
    const { clock, settings, cache } = parts;
    const unknown = (detail: string): HealthCheck => ({ status: "unknown", detail });
    this.#report = new PrecomputedCache<HealthReport>({
      ...parts,
      settings: cache,
      key: "health",
      compute: () => this.#check(),
      fallback: (reason) => ({ status: "unknown", checks: { health: unknown(reason) } }),
    });
    this.#poolReport = new PrecomputedCache<PoolReport>({
      ...parts,
      settings: cache,
      key: "pool_status",
      compute: async () => this.#readPools(),
      fallback: (detail) => ({ status: "error", pools: { pools: { status: "error", detail } } }),
    });
    this.#readiness = new ReadinessRounds(clock, settings, () =>
      this.#ask(settings.readinessTimeout, ({ readiness }) => readiness),
    );
  }

  /** From now on it may be ready, and its gauges are kept current. */
  start(): void {
    const { telemetry } = this.parts;
    this.#isStarted = true;
    this.#held.push(
      this.#report,
      this.#poolReport,
      telemetry.observeGauge(metrics.checkStatus, () =>
        [...this.#latest].map(([name, status]) => [[name], LEVELS[status]] as const),
      ),
      telemetry.observeGauge(metrics.poolStatus, () =>
        Object.entries(this.#readPools().pools).map(
          ([name, { status }]) => [[name], LEVELS[status]] as const,
        ),
      ),
    );
    this.#report.start();
  }

  check(options: { readonly fresh?: boolean } = {}): Promise<HealthReport> {
    return this.#report.read(options);
  }

  async ready(): Promise<Readiness> {
    const phase = this.parts.phase();
    if (phase !== "running") return { ready: false, phase, checks: {} };
    if (!this.#isStarted) return { ready: false, phase, checks: { runtime: NOT_STARTED } };
    const { ready, checks } = await this.#readiness.read();
    // A shutdown may have begun while a database was waited for.
    const now = this.parts.phase();
    return { ready: ready && now === "running", phase: now, checks };
  }

  pool(): Promise<PoolReport> {
    return this.#poolReport.read();
  }

  add(
    name: string,
    probe: HealthProbe,
    { readiness = false }: { readonly readiness?: boolean } = {},
  ): Disposable {
    if (typeof name !== "string" || name === "" || name.length > LONGEST_NAME)
      throw invalid("name", `a non-empty string of at most ${LONGEST_NAME} characters`, name);
    if (typeof probe !== "function") throw invalid("probe", "a function", probe);
    if (this.#entries.has(name)) throw invalid("name", "a name that is not taken", name);
    const { clock } = this.parts;
    const entry = { probe: new Probe({ name, probe, clock, onAnswer: this.#answered }), readiness };
    this.#entries.set(name, entry);
    this.#changed(name);
    return {
      [Symbol.dispose]: () => {
        if (this.#entries.get(name) !== entry) return;
        this.#entries.delete(name);
        this.#latest.delete(name);
        this.#changed(name);
      },
    };
  }

  /** Adds a pool of connections. */
  addPool(name: string, read: () => PoolRow): void {
    this.#pools.set(name, read);
  }

  /** Something happened that makes a kept answer wrong. */
  invalidate(reason: string): void {
    this.#report.invalidate(reason);
  }

  close(): void {
    for (const held of this.#held.splice(0)) held[Symbol.dispose]();
  }

  #changed(name: string): void {
    this.#readiness.forget();
    this.#report.invalidate(`${name} was added or removed`);
  }

  readonly #answered = (name: string, { status }: HealthCheck, took: number): void => {
    const { telemetry } = this.parts;
    if (this.#entries.has(name)) this.#latest.set(name, status);
    telemetry.counter(metrics.resultsTotal).cell(name, status).add();
    telemetry
      .histogram(metrics.durationSeconds)
      .cell(name)
      .observe(took / 1000);
  };

  async #check(): Promise<HealthReport> {
    const checks = await this.#ask(this.parts.settings.probeTimeout, () => true);
    const found = Object.values(checks).map(({ status }) => status);
    return { status: worst(found, STATUSES), checks };
  }

  #readPools(): PoolReport {
    const pools = Object.fromEntries([...this.#pools].map(([name, read]) => [name, read()]));
    const found = Object.values(pools).map(({ status }) => status);
    return { status: worst(found, POOL_STATUSES), pools };
  }

  async #ask(limit: number, isWanted: (entry: Entry) => boolean): Promise<Checks> {
    const asked = [...this.#entries].filter(([, entry]) => isWanted(entry));
    const answers = asked.map(async ([name, { probe }]) => [name, await probe.ask(limit)] as const);
    return Object.fromEntries(await Promise.all(answers));
  }
}

/** The last of the order among those; its first where there are none. */
function worst<S>(found: readonly S[], order: readonly S[]): S {
  return order[Math.max(0, ...found.map((status) => order.indexOf(status)))] as S;
}
