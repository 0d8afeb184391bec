import type { Baldur } from "./api.js";
import type { Clock } from "./clock.js";
import { text } from "./describe.js";
import type { HealthCheck, HealthStatus, PoolRow } from "./health/health.js";
import { memoryUsage } from "./health/memory.js";
import { databaseConnected } from "./health/metrics.js";
import type { RuntimeHealth } from "./health/runtime-health.js";
import type { HealthSettings } from "./health/settings.js";
import type { RedisClient } from "./redis/redis.js";
import type { SqlDatabase } from "./sql/sql.js";
import type { TelemetryHub } from "./telemetry/telemetry.js";
import { within } from "./within.js";

/** What the checks of a runtime's own parts look at. */
export interface Checked {
  readonly runtime: Pick<Baldur, "circuits" | "control" | "posture" | "storage">;
  readonly redis: RedisClient | undefined;
  readonly sql: SqlDatabase | undefined;
  /** Why the embedded store cannot be used, where one is provided. */
  readonly embeddedProblem: () => string | undefined;
  readonly clock: Clock;
  readonly settings: Readonly<HealthSettings>;
  readonly telemetry: Pick<TelemetryHub, "observeGauge">;
}

const HEALTHY: HealthCheck = Object.freeze({ status: "healthy" });
const MOST_NAMES = 10;
/** Share of the time for readiness that Redis may take: without it a process goes on, so it is never what readiness waits for. */
const PART = 0.8;

export function addChecks(health: RuntimeHealth, checked: Checked): void {
  const { redis, sql, telemetry } = checked;
  health.add("circuits", () => checkCircuits(checked));
  health.add("control", () => checkControl(checked.runtime));
  health.add("storage", () => checkStorage(checked));
  health.add("memory", () => checkMemory(checked.settings));
  health.add("plugins", () => checkPlugins(checked.runtime));
  if (redis !== undefined) {
    health.add("redis", () => checkRedis(redis, checked), { readiness: true });
    health.addPool("redis", () => (redis.available ? { status: "healthy" } : AWAY));
  }
  if (sql !== undefined) {
    health.add("sql", () => checkSql(sql), { readiness: true });
    health.addPool("sql", () => poolOf(sql));
  }
  telemetry.observeGauge(databaseConnected, () =>
    Object.entries({ redis, sql }).flatMap(([alias, server]) =>
      server === undefined ? [] : [[[alias], Number(server.available)] as const],
    ),
  );
}

function checkCircuits({ runtime, settings }: Checked): HealthCheck {
  if (!runtime.control.enabled) return HEALTHY; // nothing is held back
  const held = runtime.circuits().filter(({ state }) => state !== "closed" && state !== "forced_closed");
  if (held.length === 0) return HEALTHY;
  const recovering = held.filter(({ state }) => state === "half_open").length;
  const isDegraded =
    held.length - recovering >= settings.circuitsOpenThreshold ||
    recovering >= settings.activeRecoveriesThreshold;
  const detail = named(held.map(({ name, state }) => `${name} is ${state}`));
  return { status: isDegraded ? "degraded" : "healthy", detail };
}

async function checkControl({ control }: Pick<Baldur, "control">): Promise<HealthCheck> {
  const { enabled, persisted, dryRun } = await control.state();
  if (!enabled) return degraded("disabled by the kill switch");
  if (!persisted) return degraded("the latest change is not stored yet");
  return dryRun ? { status: "healthy", detail: "dry run" } : HEALTHY;
}

function checkStorage({ runtime, embeddedProblem }: Checked): HealthCheck {
  const problem = embeddedProblem();
  if (problem !== undefined) return degraded(problem);
  const { mode } = runtime.storage;
  if (mode === "normal") return { status: "healthy", detail: runtime.posture().storage };
  return degraded(
    mode === "degraded" ? "this process decides by itself" : "what was kept is being brought back",
  );
}

function checkMemory({ memoryUsageThreshold }: Readonly<HealthSettings>): HealthCheck {
  const { share, of } = memoryUsage();
  const detail = `${Math.round(share * 100)} % of the ${of}`;
  return { status: share < memoryUsageThreshold ? "healthy" : "degraded", detail };
}

function checkPlugins(runtime: Pick<Baldur, "posture">): HealthCheck {
  const failed = runtime.posture().plugins.filter(({ status }) => status === "failed");
  if (failed.length === 0) return HEALTHY;
  return degraded(named(failed.map(({ name, reason }) => `${name}: ${reason ?? "it failed"}`)));
}

/** A process goes on without Redis, so it is never worse than degraded, and never out of rotation for it. */
async function checkRedis(redis: RedisClient, { clock, settings }: Checked): Promise<HealthCheck> {
  if (!redis.available) return redis.refusal === undefined ? degraded("it is away") : writable(redis);
  const limit = Math.min(settings.readinessTimeout, settings.probeTimeout) * PART;
  try {
    await within(clock, limit, () => redis.command("PING"));
    return writable(redis);
  } catch (error) {
    return degraded(text(error));
  }
}

async function checkSql(sql: SqlDatabase): Promise<HealthCheck> {
  if (!sql.available) return { status: "unhealthy", detail: "it is away" };
  try {
    await sql.query("select 1");
    return writable(sql);
  } catch (error) {
    return { status: "unhealthy", detail: text(error) };
  }
}

function writable({ refusal }: RedisClient | SqlDatabase): HealthCheck {
  return refusal === undefined ? HEALTHY : degraded(`it refuses writes (${refusal})`);
}

const AWAY: PoolRow = Object.freeze({ status: "error", detail: "it is away" });

function poolOf({ available, pool }: SqlDatabase): PoolRow {
  if (!available) return { ...AWAY, ...pool };
  if (pool === undefined) return { status: "healthy" };
  const { size, idle, waiting, limit } = pool;
  const isFull = waiting > 0 && idle === 0 && size >= limit;
  return isFull
    ? { status: "degraded", detail: `all ${limit} connections are in use`, ...pool }
    : { status: "healthy", ...pool };
}

function degraded(detail: string): { readonly status: HealthStatus; readonly detail: string } {
  return { status: "degraded", detail };
}

function named(parts: readonly string[]): string {
  const rest = parts.length - MOST_NAMES;
  return [...parts.slice(0, MOST_NAMES), ...(rest > 0 ? [`and ${rest} more`] : [])].join(", ");
}
