import { createFakeClock, type FakeClock } from "@baldur/testkit";
import { hotClock } from "../../src/clock.js";
import { RuntimeHealth } from "../../src/health/runtime-health.js";
import { type HealthSettings, healthSettings } from "../../src/health/settings.js";
import { addChecks, type Checked } from "../../src/health-checks.js";
import type { Phase } from "../../src/phase.js";
import { precomputedCacheSettings } from "../../src/precomputed-cache/settings.js";
import type { RedisClient } from "../../src/redis/redis.js";
import type { Field, SettingsGroup } from "../../src/settings/define.js";
import type { SqlDatabase, SqlPool } from "../../src/sql/sql.js";
import { TelemetryHub } from "../../src/telemetry/telemetry.js";
import { testRuntime } from "../runtime.js";

export function defaultsOf<V extends object>(group: SettingsGroup<V>): V {
  const fields = Object.entries(group.fields as Record<string, Field<unknown>>);
  return Object.fromEntries(fields.map(([key, field]) => [key, field.default])) as V;
}

/** A database whose answers a test decides. */
export class FakeServer {
  available = true;
  pool: SqlPool | undefined;
  asked = 0;
  answer: () => Promise<unknown> = async () => "PONG";

  readonly #ask = (): Promise<unknown> => {
    this.asked++;
    return this.answer();
  };

  get redis(): RedisClient {
    return Object.defineProperties({ command: this.#ask } as unknown as RedisClient, this.#properties);
  }

  get sql(): SqlDatabase {
    return Object.defineProperties({ query: this.#ask } as unknown as SqlDatabase, this.#properties);
  }

  get #properties(): PropertyDescriptorMap {
    return { available: { get: () => this.available }, pool: { get: () => this.pool } };
  }
}

export interface TestHealth {
  readonly health: RuntimeHealth;
  readonly clock: FakeClock;
  readonly telemetry: TelemetryHub;
  phase: Phase;
}

/** The health of a runtime that has started, with these databases. */
export function testHealth(
  servers: Partial<Pick<Checked, "redis" | "sql">>,
  settings: Partial<HealthSettings> = {},
): TestHealth {
  const clock = createFakeClock();
  const telemetry = new TelemetryHub(clock);
  const own = { ...defaultsOf(healthSettings), memoryUsageThreshold: 1, ...settings };
  const hot = hotClock(clock);
  const health = new RuntimeHealth({
    clock: hot,
    random: () => 0.5,
    telemetry,
    settings: own,
    cache: defaultsOf(precomputedCacheSettings),
    phase: () => made.phase,
  });
  const made: TestHealth = { health, clock, telemetry, phase: "running" };
  addChecks(health, {
    runtime: testRuntime().baldur,
    redis: servers.redis,
    sql: servers.sql,
    embeddedProblem: () => undefined,
    clock: hot,
    settings: own,
    telemetry,
  });
  health.start();
  return made;
}
