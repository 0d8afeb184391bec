import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { startFaultProxy } from "../src/index.mjs";
import { freePort } from "../src/ports.mjs";
import { reset } from "../src/reset.mjs";
import { until } from "../src/until.mjs";
import { dial, hangUp, letPass, startEcho } from "./echo.mjs";

/** Bytes; the kernel's buffers are some megabytes. */
const WHAT_NO_BUFFER_HOLDS = 64 * 1_048_576;

let echo;
let proxy;

beforeEach(async () => {
  echo = await startEcho();
  proxy = await startFaultProxy(echo);
});

afterEach(async () => {
  hangUp();
  echo.stop();
  await proxy.stop();
});

const heard = (client, text) => until(() => client.text === text, `"${text.slice(0, 20)}"`);
const closed = (client) => until(() => client.isClosed, "a close");

/** A client whose connection has reached the server. */
async function connected() {
  const before = echo.clients.length;
  const client = await dial(proxy.port);
  const server = await until(() => echo.clients[before], "the server to see it");
  return { client, server };
}

describe("without a fault", () => {
  test("bytes and ends go both ways", async () => {
    const { client, server } = await connected();
    client.socket.write("one");
    await heard(client, "one");
    client.socket.end("two");
    await heard(client, "onetwo");
    await until(() => client.hasEnded, "the end");
    expect(server.hasEnded).toBe(true);
    await until(() => proxy.connections === 0, "no connections");
  });

  test("a reset is passed on as a reset, either way", async () => {
    const [first, second] = [await connected(), await connected()];
    first.client.socket.resetAndDestroy();
    await closed(first.server);
    expect(first.server.error).toBe("ECONNRESET");
    second.server.socket.resetAndDestroy();
    await closed(second.client);
    expect(second.client.error).toBe("ECONNRESET");
  });

  test("a reset after an end is passed on too", async () => {
    const { client, server } = await connected();
    server.socket.unpipe(server.socket).resume(); // or it would end as well
    client.socket.end();
    await until(() => server.hasEnded, "the end");
    client.socket.resetAndDestroy();
    await closed(client);
    // Who reads no more learns by writing.
    await until(() => server.isClosed || void server.socket.write("?"), "a close");
    expect(server.error).toMatch(/ECONNRESET|EPIPE/);
  });

  test("megabytes come whole", async () => {
    const { client } = await connected();
    const text = Array.from({ length: 1_000_000 }, (_, index) => String.fromCharCode(32 + (index % 95))).join(
      "",
    );
    for (let times = 0; times < 8; times++) client.socket.write(text);
    client.socket.end();
    await until(() => client.hasEnded, "the end");
    expect(client.text === text.repeat(8)).toBe(true);
  });

  test("a server that is away is a reset", async () => {
    const before = await startFaultProxy({ port: await freePort() });
    const client = await dial(before.port);
    await closed(client);
    expect(client.error).toBe("ECONNRESET");
    await before.stop();
  });
});

test("latency: everything is late, and in order whatever the jitter", async () => {
  const { client } = await connected();
  await proxy.fault("latency", { ms: 300, jitter: 200, direction: "upstream" });
  const began = performance.now();
  let text = "";
  for (let line = 0; line < 50; line++) {
    client.socket.write(`${line}\n`);
    text += `${line}\n`;
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.socket.end();
  await until(() => client.hasEnded, "the end");
  expect(performance.now() - began).toBeGreaterThanOrEqual(100);
  expect(client.text).toBe(text);
});

test("latency: what it kept waiting goes at once when the fault ends", async () => {
  const { client } = await connected();
  await proxy.fault("latency", { ms: 3_600_000 });
  client.socket.write("late");
  await letPass();
  expect(client.text).toBe("");
  await proxy.heal();
  await heard(client, "late");
});

test("bandwidth: bytes take their time, each direction its own", async () => {
  const { client, server } = await connected();
  await proxy.fault("bandwidth", { bytesPerSecond: 10_000, direction: "downstream" });
  const began = performance.now();
  client.socket.write("x".repeat(2000));
  await heard(server, "x".repeat(2000));
  await heard(client, "x".repeat(2000));
  expect(performance.now() - began).toBeGreaterThanOrEqual(149); // the first 50 ms worth of bytes goes at once
});

test("timeout: bytes are swallowed both ways, new connections too, and what lost some is cut off afterwards", async () => {
  const { client, server } = await connected();
  const idle = await connected();
  await proxy.fault("timeout");
  const late = await dial(proxy.port);
  client.socket.write("lost");
  server.socket.write("lost");
  late.socket.write("lost");
  await letPass();
  expect([client.text, server.text, late.text]).toEqual(["", "", ""]);
  expect([client.error, server.error, late.error]).toEqual([undefined, undefined, undefined]);

  await proxy.heal();
  await Promise.all([closed(client), closed(server), closed(late)]);
  expect([client.error, late.error]).toEqual(["ECONNRESET", "ECONNRESET"]);
  idle.client.socket.write("whole");
  await heard(idle.client, "whole");
});

test("reset: connections are cut off, and new ones until it ends", async () => {
  const { client, server } = await connected();
  await proxy.fault("reset");
  await Promise.all([closed(client), closed(server)]);
  expect([client.error, server.error]).toEqual(["ECONNRESET", "ECONNRESET"]);
  const seen = echo.clients.length;
  const late = await dial(proxy.port);
  await closed(late);
  expect(late.error).toBe("ECONNRESET");
  expect(echo.clients).toHaveLength(seen);

  await proxy.heal();
  const next = await connected();
  next.client.socket.write("again");
  await heard(next.client, "again");
});

test("reset: an end that is about to be sent is no obstacle", async () => {
  const { server } = await connected();
  server.socket.end();
  await new Promise((resolve) => process.nextTick(resolve)); // until it is with the kernel, which sends it a little later
  reset(server.socket);
  await closed(server);
});

test("refuse: nobody new comes in, who is in stays, and the port is the same afterwards", async () => {
  const { client } = await connected();
  const { port } = proxy;
  await proxy.fault("refuse");
  expect((await dial(port)).error).toBe("ECONNREFUSED");
  client.socket.write("still");
  await heard(client, "still");
  await proxy.heal();
  expect(proxy.port).toBe(port);
  await connected();
});

test("halfOpen: silence both ways, and nobody learns that the other side is gone", async () => {
  const { client, server } = await connected();
  const gone = await connected();
  await proxy.fault("halfOpen");
  const seen = echo.clients.length;
  const late = await dial(proxy.port);
  late.socket.write("late");
  client.socket.write("up");
  server.socket.write("down");
  gone.client.socket.resetAndDestroy();
  await letPass();
  expect([client.text, server.text, late.text, late.error]).toEqual(["", "", "", undefined]);
  expect(gone.server.isClosed).toBe(false);
  expect(echo.clients).toHaveLength(seen);

  await proxy.heal();
  await heard(late, "late");
  await heard(client, "downup");
  await closed(gone.server);
});

test("partition: one direction is silent, the other is not", async () => {
  const { client, server } = await connected();
  await proxy.fault("partition", { direction: "downstream" });
  client.socket.write("asked");
  await heard(server, "asked");
  await letPass();
  expect(client.text).toBe("");
  await proxy.fault("partition", { direction: "upstream" });
  await heard(client, "asked");
  client.socket.write("again");
  server.socket.write("!");
  await heard(client, "asked!");
  expect(server.text).toBe("asked");
  await proxy.heal();
  await heard(client, "asked!again");
});

test("slowClose: bytes are not late, the end is", async () => {
  const { client, server } = await connected();
  await proxy.fault("slowClose", { ms: 3_600_000, direction: "upstream" });
  client.socket.end("bye");
  await heard(client, "bye");
  await letPass();
  expect(server.hasEnded).toBe(false);
  await proxy.heal();
  await until(() => server.hasEnded, "the end");
});

test("what is held is bounded: the sender has to wait", async () => {
  const { client, server } = await connected();
  await proxy.fault("halfOpen");
  const size = WHAT_NO_BUFFER_HOLDS;
  client.socket.write(Buffer.alloc(size));
  await letPass();
  expect(client.socket.writableLength).toBeGreaterThan(0);
  await proxy.heal();
  await until(() => server.text.length === size && client.text.length === size, "all of it");
});

test("who leaves without reading all leaves no connection behind", async () => {
  const { client, server } = await connected();
  client.socket.pause();
  server.socket.write(Buffer.alloc(WHAT_NO_BUFFER_HOLDS));
  await letPass();
  expect(server.socket.writableLength).toBeGreaterThan(0); // it has to wait, and the proxy holds little
  client.socket.resetAndDestroy();
  await until(() => proxy.connections === 0, "no connections");
  expect(server.error).toBe("ECONNRESET");
});

test("the same seed jitters alike", async () => {
  const { planOf } = await import("../src/faults.mjs");
  const delays = (seed) => {
    const { delay } = planOf("latency", { ms: 50, jitter: 20, seed }).upstream;
    return Array.from({ length: 1000 }, () => delay());
  };
  expect(delays(7)).toEqual(delays(7));
  expect(delays(7)).not.toEqual(delays(8));
  expect(Math.min(...delays(7))).toBeGreaterThanOrEqual(30);
  expect(Math.max(...delays(7))).toBeLessThanOrEqual(70);
  expect(Math.max(...delays(7)) - Math.min(...delays(7))).toBeGreaterThan(35);
});

test.each([
  ["no such fault", "explode", {}],
  ["a latency without its milliseconds", "latency", {}],
  ["a negative jitter", "latency", { ms: 1, jitter: -1 }],
  ["no bandwidth at all", "bandwidth", { bytesPerSecond: 0 }],
  ["a partition of both directions", "partition", {}],
  ["a direction that there is not", "timeout", { direction: "sideways" }],
])("%s is refused, and changes nothing", async (_name, kind, options) => {
  await expect(proxy.fault(kind, options)).rejects.toThrow(TypeError);
  const { client } = await connected();
  client.socket.write("well");
  await heard(client, "well");
});

test("stop closes everything, whatever the fault, and twice is as good as once", async () => {
  const pairs = [await connected(), await connected()];
  await proxy.fault("halfOpen");
  const late = await dial(proxy.port);
  expect(proxy.connections).toBe(3);
  await proxy.stop();
  expect(proxy.connections).toBe(0);
  await Promise.all([
    ...pairs.flatMap(({ client, server }) => [closed(server), until(() => client.hasEnded, "the end")]),
  ]);
  await until(() => late.hasEnded || late.isClosed, "the end");
  expect((await dial(proxy.port)).error).toBe("ECONNREFUSED");
  await proxy.stop();
});
