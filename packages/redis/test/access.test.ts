import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { ConfigurationError } from "@baldur/core";
import { type RedisServer, startRedis } from "@baldur/services";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { Clients, errorOf, until, whenAvailable, whenAway } from "./fixture.js";

const PASSWORD = "hunter2-s3cret";

let clients: Clients;
let server: RedisServer;
let folder: string;
/** Where a password is too much, ioredis prints so. */
let warn: ReturnType<typeof jest.spyOn>;
beforeEach(async () => {
  warn = jest.spyOn(console, "warn").mockImplementation(() => undefined);
  clients = new Clients();
  folder = await mkdtemp(join(tmpdir(), "baldur-redis-"));
});
afterEach(async () => {
  await clients[Symbol.asyncDispose]();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
  expect(inspect(warn.mock.calls)).not.toContain("s3cret");
  warn.mockRestore();
});

const plainUrl = (scheme = "redis"): string => `${scheme}://${server.host}:${server.port}`;

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe("a password", () => {
  it("lets in, and shows nowhere", async () => {
    server = await startRedis({ settings: { requirepass: PASSWORD } });
    const client = await clients.open(plainUrl(), { password: PASSWORD, probeConnectTimeout: 5000 });
    let gaps = 0;
    client.subscribe(
      "changes",
      () => undefined,
      () => gaps++,
    );
    await until("listening", () => gaps === 1);
    const errors = [
      await errorOf(client.command("NONSENSE")),
      await errorOf(client.run({ name: "x", lua: "x(" }, [], [])),
    ];
    await server.kill();
    await whenAway(client);
    errors.push(await errorOf(client.command("GET", "key")));
    const shown = inspect([clients.log.events, errors, errors.map((error) => JSON.stringify(error))], {
      depth: 20,
    });
    expect(shown).toContain("redis.connection_lost");
    expect(shown).not.toContain(PASSWORD);
  });

  it.each([
    ["a wrong one", "wrong-s3cret", "WRONGPASS"],
    ["none", undefined, "NOAUTH"],
  ])("that is %s is told once, clearly and without it", async (_, password, error) => {
    server = await startRedis({ settings: { requirepass: PASSWORD } });
    const client = await clients.open(plainUrl(), { password, probeConnectTimeout: 400 });
    expect(client.available).toBe(false);
    const event = { event: "redis.authentication_refused", address: `${plainUrl()}/0`, error };
    expect(clients.log.events).toEqual([event]);
    const refusal = await errorOf(client.command("GET", "key"));
    expect(refusal).toMatchObject({ reason: error, sent: false, retryable: true });
    expect(inspect([clients.log.events, refusal])).not.toContain("s3cret");
    await server.command("CONFIG", "SET", "requirepass", "");
    await whenAvailable(client);
    await server.stop();
  });

  it("goes with a user, of the variable or of the URL", async () => {
    server = await startRedis();
    await server.command("ACL", "SETUSER", "shop", "on", `>${PASSWORD}`, "~*", "&*", "+@all");
    const settings = { password: PASSWORD, probeConnectTimeout: 5000 };
    for (const client of [
      await clients.open(plainUrl(), { ...settings, username: "shop" }),
      await clients.open(`redis://shop@${server.host}:${server.port}`, settings),
    ])
      await expect(client.command("ACL", "WHOAMI")).resolves.toBe("shop");
  });

  it("in a URL is refused, and shown nowhere", async () => {
    server = await startRedis();
    const url = `redis://:${PASSWORD}@${server.host}:${server.port}`;
    const error = await errorOf(clients.open(url));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toBe(
      `BALDUR_REDIS_URL must carry no password, which belongs in BALDUR_REDIS_PASSWORD; received redis://***@${server.host}:${server.port}`,
    );
  });

  it("may be too much for a Redis without one", async () => {
    server = await startRedis();
    const client = await clients.open(plainUrl(), { password: PASSWORD, probeConnectTimeout: 5000 });
    await expect(client.command("PING")).resolves.toBe("PONG");
    const heard: string[] = [];
    let gaps = 0;
    client.subscribe(
      "changes",
      (message) => heard.push(message),
      () => gaps++,
    );
    await until("listening", () => gaps === 1);
    await client.publish("changes", "1");
    await until("heard", () => heard.length === 1);
  });
});

describe("TLS", () => {
  it("trusts the certificates of the file, and no others", async () => {
    server = await startRedis({ tls: true });
    const tlsCaBundlePath = await file("ca.pem", server.ca as string);
    const client = await clients.open(plainUrl("rediss"), { tlsCaBundlePath, probeConnectTimeout: 5000 });
    await expect(client.command("PING")).resolves.toBe("PONG");
    let gaps = 0;
    client.subscribe(
      "changes",
      () => undefined,
      () => gaps++,
    );
    await until("listening", () => gaps === 1);
    const other = await clients.open(plainUrl("rediss"), { probeConnectTimeout: 400 });
    expect(other.available).toBe(false);
    expect(clients.log.events.at(-1)).toMatchObject({
      event: "redis.connection_unavailable",
      error: expect.stringMatching(/CERT/),
    });
    const careless = await clients.open(plainUrl("rediss"), { tlsVerify: false, probeConnectTimeout: 5000 });
    expect(careless.available).toBe(true);
  });

  it.each([
    [
      { tlsCaBundlePath: "/nowhere/ca.pem" },
      /^BALDUR_REDIS_TLS_CA_BUNDLE_PATH must name a file that can be read: ENOENT/,
    ],
    [{ tlsKeyPath: "/nowhere/key.pem" }, /go together$/],
  ])("refuses to start with a mistake in its files", async (settings, message) => {
    server = await startRedis();
    const error = await errorOf(clients.open(plainUrl("rediss"), settings));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toMatch(message);
  });

  it("is not left out silently", async () => {
    server = await startRedis();
    const error = await errorOf(clients.open(plainUrl(), { tlsCaBundlePath: "ca.pem" }));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toMatch(/rediss:\/\//);
  });
});
