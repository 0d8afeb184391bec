import type { Clock, RedisClient, SqlDatabase } from "@baldur/core/plugin";
import { systemClock } from "@baldur/core/plugin";
import { postgres } from "@baldur/postgres";
import { redis } from "@baldur/redis";

const quiet = { add: () => undefined, set: () => undefined, observe: () => undefined };
const telemetry = {
  report: () => undefined,
  counter: () => ({ cell: () => quiet }),
  gauge: () => ({ cell: () => quiet }),
  histogram: () => ({ cell: () => quiet }),
  observeGauge: () => ({ [Symbol.dispose]: () => undefined }),
};

/** What a plugin provides, outside of a runtime. */
async function provided(plugin: { register(context: never): void }, clock: Clock): Promise<unknown> {
  let factory: (() => unknown) | undefined;
  const context = {
    clock,
    telemetry,
    storage: {},
    settings: (group: { fields: Record<string, { default: unknown }> }, overrides: object = {}) => ({
      ...Object.fromEntries(Object.entries(group.fields).map(([key, field]) => [key, field.default])),
      ...overrides,
    }),
    provider: (_: string, given: () => unknown) => {
      factory = given;
    },
  };
  plugin.register(context as never);
  return factory?.();
}

export async function openPostgres(dsn: string, clock: Clock = systemClock()): Promise<SqlDatabase> {
  return (await provided(postgres({ dsn }), clock)) as SqlDatabase;
}

export async function openRedis(url: string, clock: Clock = systemClock()): Promise<RedisClient> {
  return (await provided(redis({ url }), clock)) as RedisClient;
}
