import type { RedisClient } from "@baldur/core/plugin";
import { type FaultProxy, type RedisServer, startFaultProxy, startRedis } from "@baldur/services";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import { RedisUnavailableError } from "../src/errors.js";
import { Clients, until, whenAvailable } from "./fixture.js";

/** Large counts in a soak. */
const RUNS = process.env["BALDUR_SOAK"] === "1" ? 200 : 6;
jest.setTimeout(RUNS * 15_000);

let server: RedisServer;
let proxy: FaultProxy;
beforeAll(async () => {
  server = await startRedis();
  proxy = await startFaultProxy(server);
});
afterAll(async () => {
  await proxy.stop();
  await server.stop();
});

const FAULTS = {
  heal: () => proxy.heal(),
  halfOpen: () => proxy.fault("halfOpen"),
  reset: () => proxy.fault("reset"),
  refuse: () => proxy.fault("refuse"),
  deaf: () => proxy.fault("partition", { direction: "upstream" }),
  mute: () => proxy.fault("timeout", { direction: "downstream" }),
  slow: () => proxy.fault("latency", { ms: 40, jitter: 40 }),
  pause: () => server.pause(),
  resume: () => server.resume(),
  kick: async () => void (await server.command("CLIENT", "KILL", "TYPE", "normal").catch(() => undefined)),
};

const ADD = { name: "add", lua: "return redis.call('INCRBY', KEYS[1], 1)" };

/** Counts up in all ways until it is told to stop. */
class Load {
  acknowledged = 0;
  /** Sent, and nobody knows. */
  unknown = 0;
  readonly unexpected: unknown[] = [];
  #stopped = false;

  async run(client: RedisClient, key: string): Promise<void> {
    const ways = [
      () => client.command("INCR", key),
      () => client.run(ADD, [key], []),
      () => client.batch([["INCR", key]]),
    ];
    const work = ways.map(async (way) => {
      while (!this.#stopped) await this.#once(way);
    });
    await Promise.all(work);
  }

  stop(): void {
    this.#stopped = true;
  }

  async #once(way: () => Promise<unknown>): Promise<void> {
    try {
      await way();
      this.acknowledged++;
    } catch (error) {
      if (!(error instanceof RedisUnavailableError)) this.unexpected.push(error);
      else if (error.sent) this.unknown++;
      await new Promise((resolve) => setImmediate(resolve)); // so that others come in
    }
  }
}

describe("a bad network", () => {
  it("loses nothing that was acknowledged, does nothing twice, and is over when it is over", async () => {
    const fault = fc.constantFrom(...(Object.keys(FAULTS) as (keyof typeof FAULTS)[]));
    const steps = fc.array(fc.tuple(fault, fc.integer({ min: 0, max: 250 })), {
      minLength: 4,
      maxLength: 10,
    });
    let run = 0;
    const property = fc.asyncProperty(steps, async (story) => {
      const clients = new Clients();
      const settings = { socketTimeout: 150, socketConnectTimeout: 150, healthCheckInterval: 100 };
      const client = await clients.open(proxy.url("redis"), settings);
      const [key, load, heard] = [`count${run++}`, new Load(), new Set<string>()];
      let gaps = 0;
      client.subscribe(
        key,
        (message) => heard.add(message),
        () => gaps++,
      );
      const working = load.run(client, key);
      for (const [kind, pause] of story) {
        await FAULTS[kind]();
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
      await server.resume();
      await proxy.heal();
      await whenAvailable(client);
      load.stop();
      await working;
      const count = Number(await server.command("GET", key));
      expect(load.unexpected).toEqual([]);
      expect(count).toBeGreaterThanOrEqual(load.acknowledged);
      expect(count).toBeLessThanOrEqual(load.acknowledged + load.unknown);
      await until("messages again", async () => {
        await client.publish(key, "last");
        return gaps > 0 && heard.has("last");
      });
      await clients[Symbol.asyncDispose]();
    });
    await fc.assert(property, { numRuns: RUNS, endOnFailure: true });
  });
});
