import { AdapterError } from "@baldur/core";
import { afterEach, describe, expect, it } from "@jest/globals";
import { type QueueSetup, SharedMap, started, type TestQueue, turn } from "./runtime.js";
import { nothing, providing, refusing } from "./servers.js";

const open: TestQueue[] = [];
afterEach(async () => {
  for (const queue of open.splice(0)) await queue[Symbol.asyncDispose]();
});

async function begin(backend: string, servers: Readonly<Record<string, object>>, setup: QueueSetup = {}) {
  const env = { DLQ_BACKEND: backend, IDEMPOTENCY_BACKEND: "memory", ...setup.env };
  const queue = await started({ automatic: false, plugins: [providing(servers)], ...setup, env });
  open.push(queue);
  return queue;
}

/** Which server an entry was given to; undefined for the one of this process or host. */
async function usedBy({ queue, telemetry }: TestQueue): Promise<string | undefined> {
  const { where } = (await queue.store({ name: "n", failureType: "F" })) as { where?: string };
  if (where === "store") return undefined;
  const payload = telemetry.named("dlq.store_failed")[0]?.payload as { error: string } | undefined;
  return payload?.error;
}

describe("entries are kept", () => {
  const servers = () => ({ sql: refusing("sql"), redis: refusing("redis") });

  it.each<[string, string, Readonly<Record<string, object>>, string | undefined]>([
    ["auto", "the database", servers(), "sql refuses"],
    ["auto", "Redis, without a database", { redis: refusing("redis") }, "redis refuses"],
    ["auto", "the map, without a server", {}, undefined],
    ["sql", "the database", servers(), "sql refuses"],
    ["redis", "Redis", servers(), "redis refuses"],
    ["embedded", "the map", servers(), undefined],
    ["memory", "memory", servers(), undefined],
  ])("with %s in %s", async (backend, _, provided, expected) => {
    expect(await usedBy(await begin(backend, provided))).toBe(expected);
  });

  it("in memory although there is a folder, where that is asked for, and it is told", async () => {
    const q = await begin("memory", {});
    await q.queue.store({ name: "n", failureType: "F" });
    expect(q.map.keys("dlq/")).toEqual([]);
    expect(q.telemetry.named("dlq.store_in_memory")).toHaveLength(1);
  });
});

describe("a store that nobody provides", () => {
  it.each([
    ["sql", "install @baldur/postgres and set BALDUR_SQL_DSN"],
    ["redis", "install @baldur/redis and set BALDUR_REDIS_URL"],
    ["embedded", "install @baldur/embedded and set BALDUR_DATA_DIR"],
  ])("is a mistake that names the remedy, and there is no queue: %s", async (backend, remedy) => {
    const words = new RegExp(`BALDUR_DLQ_BACKEND is ${backend}, and there is no .*; ${remedy}`);
    await expect(begin(backend, {}, { map: new SharedMap(false) })).rejects.toThrow(words);
  });
});

describe("a server that is back", () => {
  /** A server that serves nothing, and says when it is there. */
  const announced = () => {
    const watchers: ((available: boolean) => void)[] = [];
    const watch = (listener: (available: boolean) => void) => {
      watchers.push(listener);
      return nothing;
    };
    const comesBack = () => {
      for (const watcher of watchers) watcher(true);
    };
    return { server: refusing("redis", { watch }), comesBack };
  };

  it.each([true, false])("has what waits run again, if that is not left to people: %s", async (automatic) => {
    const { server, comesBack } = announced();
    const q = await begin("embedded", { redis: server }, { automatic });
    await q.queue.store({ name: "n", failureType: "F" });
    q.baldur.onReplay("n", () => "ok");
    await q.clock.advance(0);
    comesBack();
    await q.clock.advance(2000);
    expect((await q.queue.stats()).byStatus).toEqual(automatic ? { resolved: 1 } : { pending: 1 });
  });
});

describe("a server that is not as it should be is told of:", () => {
  it("tables that cannot be made, once, and entries go to the spill file", async () => {
    const q = await begin("sql", { sql: refusing("sql") });
    await turn();
    expect(q.telemetry.named("dlq.store_unprepared")).toMatchObject([{ payload: { error: "sql refuses" } }]);
    for (let entry = 0; entry < 3; entry++) {
      await q.clock.advance(20_000);
      const captured = await q.queue.store({ name: "n", failureType: "F" });
      expect(captured).toMatchObject({ captured: true, where: "spill" });
    }
    expect(q.telemetry.named("dlq.store_unprepared")).toHaveLength(1);
  });

  it("a Redis that forgets, once for each reason", async () => {
    const info = ["# Persistence\r\naof_enabled:0\r\n", "# Memory\r\nmaxmemory_policy:allkeys-lru\r\n"];
    const q = await begin("redis", { redis: refusing("redis", { batch: async () => info }) });
    await turn();
    const told = q.telemetry.named("dlq.store_may_forget").map(({ payload }) => payload);
    expect(told).toEqual([
      { problem: expect.stringContaining("no append-only file"), remedy: "set appendonly yes" },
      { problem: expect.stringContaining("allkeys-lru"), remedy: expect.stringContaining("noeviction") },
    ]);
  });

  it("and one that does not forget is not", async () => {
    const info = ["aof_enabled:1\r\n", "maxmemory_policy:volatile-lru\r\n"];
    const q = await begin("redis", { redis: refusing("redis", { batch: async () => info }) });
    await turn();
    expect(q.telemetry.named("dlq.store_may_forget")).toEqual([]);
  });

  it("when it is there, where it was away at the start", async () => {
    const watchers: ((available: boolean) => void)[] = [];
    let isThere = false;
    const told = {
      get available() {
        return isThere;
      },
      batch: async () => {
        if (!isThere) throw new AdapterError("away");
        return ["aof_enabled:0\r\n", ""];
      },
      watch: (listener: (available: boolean) => void) => {
        watchers.push(listener);
        return nothing;
      },
    };
    const server = refusing("redis");
    Object.defineProperties(server, Object.getOwnPropertyDescriptors(told));
    const q = await begin("redis", { redis: server });
    await turn();
    expect(q.telemetry.named("dlq.store_may_forget")).toEqual([]);
    isThere = true;
    for (const watcher of watchers) watcher(true);
    await turn();
    expect(q.telemetry.named("dlq.store_may_forget")).toHaveLength(1);
  });
});
