import { type Baldur, ConfigurationError, createBaldur } from "@baldur/core";
import type { Plugin, ProviderFactory, RedisClient } from "@baldur/core/plugin";
import { type RedisServer, startRedis } from "@baldur/services";
import { recordTelemetry } from "@baldur/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { redis } from "../src/plugin.js";
import { errorOf } from "./fixture.js";

let first: RedisServer;
let second: RedisServer;
let baldur: Baldur | undefined;
const clients: RedisClient[] = [];
beforeAll(async () => {
  [first, second] = await Promise.all([startRedis(), startRedis()]);
});
afterAll(() => Promise.all([first.stop(), second.stop()]));
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await baldur?.close();
});

const quiet = () => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };

/** Registers the plugin with a runtime, and answers what it provides to it. */
async function provided(plugin: Plugin, env: Record<string, string> = {}) {
  let factory: ProviderFactory | undefined;
  const register: Plugin["register"] = (context) =>
    plugin.register({
      ...context,
      provider: (kind, make) => {
        expect(kind).toBe("redis");
        factory = make;
      },
    });
  baldur = createBaldur({ discover: false, plugins: [{ ...plugin, register }], env, logger });
  const telemetry = recordTelemetry(baldur);
  // Its own stores are not of interest here.
  await baldur.start().catch(() => undefined);
  const open = async (): Promise<RedisClient> => {
    const client = (await factory?.()) as RedisClient;
    clients.push(client);
    return client;
  };
  return { open: factory && open, telemetry };
}

async function portOf(client: RedisClient | undefined): Promise<number> {
  const reply = await client?.command("CONFIG", "GET", "port");
  return Number((reply as string[])[1]);
}

describe("the plugin", () => {
  it("provides nothing, and says nothing, where no Redis is configured", async () => {
    const { open, telemetry } = await provided(redis());
    expect(open).toBeUndefined();
    expect(telemetry.events.filter(({ name }) => name.startsWith("redis."))).toEqual([]);
  });

  it("takes the option before the variable before everybody's variable", async () => {
    const env = { BALDUR_REDIS_URL: first.url, REDIS_URL: second.url };
    const ofOption = await provided(redis({ url: second.url }), { BALDUR_REDIS_URL: first.url });
    await expect(portOf(await ofOption.open?.())).resolves.toBe(second.port);
    await baldur?.close();
    const ofBoth = await provided(redis(), env);
    await expect(portOf(await ofBoth.open?.())).resolves.toBe(first.port);
    expect(ofBoth.telemetry.named("redis.plain_url_ignored")).toMatchObject([
      { level: "warning", payload: { used: first.url, ignored: second.url } },
    ]);
    await baldur?.close();
    const ofOthers = await provided(redis(), { REDIS_URL: second.url });
    await expect(portOf(await ofOthers.open?.())).resolves.toBe(second.port);
  });

  it("says nothing of two variables that agree", async () => {
    const { telemetry } = await provided(redis(), { BALDUR_REDIS_URL: first.url, REDIS_URL: first.url });
    expect(telemetry.named("redis.plain_url_ignored")).toEqual([]);
  });

  it("shows no password of a variable that it ignores", async () => {
    const env = { BALDUR_REDIS_URL: first.url, REDIS_URL: "redis://:s3cret@elsewhere" };
    const { telemetry } = await provided(redis(), env);
    expect(telemetry.named("redis.plain_url_ignored")).toHaveLength(1);
    expect(JSON.stringify(telemetry.events)).not.toContain("s3cret");
  });

  it("refuses a mistake in its options when it is to connect", async () => {
    for (const options of [
      { url: "nonsense" },
      { url: first.url, socketTimeout: 0 },
      { url: first.url, nonsense: 1 },
    ]) {
      const { open } = await provided(redis(options));
      await expect(errorOf(open?.() ?? Promise.resolve())).resolves.toBeInstanceOf(ConfigurationError);
      await baldur?.close();
    }
  });

  it("measures whether Redis is available, and what was asked in vain", async () => {
    const { open, telemetry } = await provided(redis({ url: first.url }));
    const client = await open?.();
    expect(telemetry.value("baldur_redis_available")).toBe(1);
    await errorOf(client?.command("NONSENSE") ?? Promise.resolve());
    expect(telemetry.value("baldur_redis_failures_total", { reason: "refused" })).toBe(1);
    expect(telemetry.named("redis.connection_opened")).toMatchObject([
      { payload: { address: `${first.url}/0` } },
    ]);
  });
});
