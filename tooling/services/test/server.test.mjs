import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { HOST, postgresQuery, redisCommand } from "../src/conversation.mjs";
import { startPostgres, startRedis } from "../src/index.mjs";
import { freePort } from "../src/ports.mjs";
import { family } from "../src/process-tree.mjs";
import { until } from "../src/until.mjs";

jest.setTimeout(30_000);

const running = [];
const run = async (starting) => {
  const server = await starting;
  running.push(server);
  return server;
};

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
});

describe("Redis", () => {
  test("comes back on its port, with its data if it was told to keep them", async () => {
    const port = await freePort();
    const redis = await run(startRedis({ port, persistence: true }));
    expect(redis.port).toBe(port);
    await redis.command("SET", "key", "a value");
    const { pid } = redis;
    await redis.kill();
    await expect(redis.command("PING")).rejects.toThrow("ECONNREFUSED");
    await redis.restart();
    expect(redis.pid).not.toBe(pid);
    expect(await redis.command("GET", "key")).toBe("a value");

    await redis.restart({ keepData: false });
    expect(await redis.command("DBSIZE")).toBe(0);
    await redis.command("SET", "key", "another");
    await redis.restart();
    expect(await redis.command("GET", "key")).toBe("another");
  });

  test("forgets, without persistence", async () => {
    const redis = await run(startRedis());
    await redis.command("SET", "key", "value");
    await redis.kill();
    await redis.restart();
    expect(await redis.command("GET", "key")).toBeNull();
  });

  test("answers nothing while it is paused, and then all", async () => {
    const redis = await run(startRedis());
    await redis.pause();
    let answer;
    const asked = redis.command("PING").then((pong) => {
      answer = pong;
    });
    expect(statesOf(redis)).toEqual(["T"]);
    expect(answer).toBeUndefined();
    await redis.resume();
    await asked;
    expect(answer).toBe("PONG");
  });

  test.each(["kill", "stop"])("can be ended by %s while it is paused", async (end) => {
    const redis = await run(startRedis());
    await redis.pause();
    await redis[end]();
    await expect(redis.command("PING")).rejects.toThrow("ECONNREFUSED");
  });

  test("ends in good order even if it is paused when it is to start again", async () => {
    const redis = await run(startRedis());
    await redis.pause();
    await redis.restart();
    expect(readFileSync(join(redis.folder, "server.log"), "utf8")).toContain("ready to exit");
    expect(await redis.command("PING")).toBe("PONG");
  });

  test("asks for a password", async () => {
    const redis = await run(startRedis({ settings: { requirepass: "a/b" } }));
    expect(redis.url).toBe(`redis://:a%2Fb@${HOST}:${redis.port}`);
    expect(await redis.command("PING")).toBe("PONG");
    await expect(redisCommand({ port: redis.port }, "PING")).rejects.toThrow("NOAUTH");
  });

  test("speaks TLS, with a certificate that a client can check", async () => {
    const redis = await run(startRedis({ tls: true }));
    expect(redis.url).toBe(`rediss://${HOST}:${redis.port}`);
    expect(await redis.command("PING")).toBe("PONG");
    for (const host of [HOST, "localhost"]) expect(await isTrusted(redis, { host, ca: redis.ca })).toBe(true);
    expect(await isTrusted(redis, { host: HOST })).toBe(false);
    await expect(redisCommand({ port: redis.port }, "PING")).rejects.toThrow();
  });

  test("takes the files of somebody else's TLS", async () => {
    const { folder } = await run(startRedis({ tls: true }));
    const [cert, key] = [`${folder}/server.crt`, `${folder}/server.key`];
    const settings = { "tls-cert-file": cert, "tls-key-file": key, "tls-ca-cert-file": cert };
    const redis = await run(startRedis({ settings }));
    expect(await redis.command("PING")).toBe("PONG");
    expect(redis.url).toBe(`rediss://${HOST}:${redis.port}`);
  });

  test("that does not start says why", async () => {
    await expect(startRedis({ settings: { maxmemory: "much" } })).rejects.toThrow(/maxmemory/);
  });
});

describe("Postgres", () => {
  test("is paused and killed with all its processes, and comes back with its data or without", async () => {
    const postgres = await run(startPostgres());
    await postgresQuery(
      postgres.port,
      "create table kept (value int); insert into kept values (42); select 1",
    );
    const pids = family(postgres.pid).map(({ pid }) => pid);
    expect(pids.length).toBeGreaterThan(3);
    await postgres.pause();
    expect(statesOf(postgres).every((state) => state === "T")).toBe(true);
    await postgres.resume();
    expect(await postgresQuery(postgres.port, "select value from kept")).toBe("42");

    await postgres.pause();
    await postgres.kill();
    expect(pids.flatMap(family)).toEqual([]);
    await postgres.restart();
    expect(await postgresQuery(postgres.port, "select value from kept")).toBe("42");
    await postgres.restart({ keepData: false });
    await expect(postgresQuery(postgres.port, "select value from kept")).rejects.toThrow("does not exist");
  });
});

test("servers end with the process that started them, and their folders go", () => {
  const script = `
    import { startRedis } from ${JSON.stringify(new URL("../src/index.mjs", import.meta.url).href)};
    const redis = await startRedis();
    await redis.pause();
    console.log(JSON.stringify({ pid: redis.pid, folder: redis.folder }));
    process.exit(0);`;
  const { pid, folder } = JSON.parse(inProcess(script));
  expect(family(pid)).toEqual([]);
  expect(existsSync(folder)).toBe(false);
});

test("a proxy that was stopped keeps no process from ending", () => {
  const script = `
    import { createServer, connect } from "node:net";
    import { startFaultProxy } from ${JSON.stringify(new URL("../src/index.mjs", import.meta.url).href)};
    const server = createServer((socket) => socket.on("error", () => undefined)).listen(0, "127.0.0.1", async () => {
      const proxy = await startFaultProxy({ port: server.address().port });
      await proxy.fault("latency", { ms: 3_600_000 });
      const client = connect(proxy.port, proxy.host, async () => {
        client.write("late");
        await proxy.stop();
        client.destroy();
        server.close();
        console.log("stopped");
      });
    });`;
  expect(inProcess(script).trim()).toBe("stopped");
});

const statesOf = (server) => family(server.pid).map(({ state }) => state[0]);

function inProcess(script) {
  const args = ["--input-type=module", "-e", script];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 20_000 });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

async function isTrusted({ port }, options) {
  const socket = connect({ port, rejectUnauthorized: false, ...options });
  let isSecure = false;
  socket.once("secureConnect", () => {
    isSecure = true;
  });
  await until(() => isSecure, "a connection");
  socket.destroy();
  return socket.authorized;
}
