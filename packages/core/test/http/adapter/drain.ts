import { Readable } from "node:stream";
import { afterEach, describe, expect, it } from "@jest/globals";
import { begin, Gate, keepAlive, RawClient, until } from "./client.js";
import { type Bench, Benches } from "./fixture.js";
import type { AdapterSubject, TestRoute } from "./subject.js";

const LIVE = "/api/baldur/health/live";
const PING = "/api/baldur/health/ping";
const READY = "/api/baldur/health/ready";

const slow = (gate: Gate): TestRoute => ({
  method: "GET",
  path: "/slow",
  handler: async () => {
    await gate.pass();
    return { body: { slow: true } };
  },
});

const stream = (gate: Gate): TestRoute => ({
  method: "GET",
  path: "/stream",
  handler: () => ({
    body: Readable.from(
      (async function* () {
        yield "first ";
        await gate.pass();
        yield "last";
      })(),
    ),
  }),
});

/** How a process goes out of service. */
export function drainCases(subject: AdapterSubject): void {
  describe("drain", () => {
    const benches = new Benches(subject);
    afterEach(() => benches.stop());

    const drained = async (): Promise<{ bench: Bench; gate: Gate }> => {
      const gate = new Gate();
      const routes = [slow(gate), stream(gate)];
      return { bench: await benches.start({ routes, options: { drain: { linger: 0 } } }), gate };
    };

    it("waits for a slow request, and tells its client that the connection ends", async () => {
      const { bench, gate } = await drained();
      const answer = bench.ask("/slow", { agent: keepAlive() });
      await gate.reached();
      const report = bench.runtime.lifecycle.shutdown();
      await until("draining", () => bench.runtime.lifecycle.phase === "draining");
      gate.open();
      await expect(answer).resolves.toMatchObject({ status: 200, headers: { connection: "close" } });
      await expect(report).resolves.toMatchObject({ clean: true, drained: 1, abandoned: [] });
    });

    it("refuses new requests, in words, and not those that look whether it is alive", async () => {
      const { bench, gate } = await drained();
      const answer = bench.ask("/slow");
      await gate.reached();
      const report = bench.runtime.lifecycle.shutdown({ deadline: 7000 });
      const refused = await bench.ask("/slow", { agent: keepAlive() });
      expect(refused).toMatchObject({
        status: 503,
        headers: { connection: "close", "content-type": "text/plain; charset=utf-8" },
        body: "This server is shutting down.\n",
      });
      const after = Number(refused.headers["retry-after"]);
      expect(after).toBeGreaterThanOrEqual(1);
      expect(after).toBeLessThanOrEqual(7);
      await expect(
        bench.ask("/slow", { method: "POST", body: { large: "x".repeat(50_000) } }),
      ).resolves.toMatchObject({
        status: 503,
      });
      await expect(bench.ask(LIVE)).resolves.toMatchObject({ status: 200, body: '{"status":"alive"}' });
      await expect(bench.ask(PING)).resolves.toMatchObject({ status: 200 });
      const ready = await bench.ask(READY);
      expect(ready).toMatchObject({ status: 503, headers: { connection: "close" } });
      expect(JSON.parse(ready.body)).toMatchObject({ status: "not_ready", phase: "draining" });
      expect(ready.headers["retry-after"]).toBeDefined();
      gate.open();
      await expect(answer).resolves.toMatchObject({ status: 200 });
      await report;
    });

    it("answers the paths for liveness that the operator names", async () => {
      const bench = await benches.start({
        routes: [
          { method: "GET", path: "/healthz", handler: ({ context }) => ({ body: context.correlationId }) },
        ],
        options: { drain: { linger: 0 } },
        runtime: { settings: { shutdown: { checkInterval: 10, livenessPaths: ["/healthz"] } } },
      });
      const held = bench.runtime.lifecycle.admit();
      const report = bench.runtime.lifecycle.shutdown();
      await expect(bench.ask("/healthz?now")).resolves.toMatchObject({ status: 200 });
      await expect(bench.ask("/healthz2")).resolves.toMatchObject({ status: 503 });
      held?.end();
      await report;
    });

    it("gives up a request that does not end, at the deadline", async () => {
      const { bench, gate } = await drained();
      const client = new RawClient(bench.port).send("GET /slow HTTP/1.1", "Host: a");
      await gate.reached();
      const report = await bench.runtime.lifecycle.shutdown({ deadline: 60 });
      expect(report).toMatchObject({ clean: false, abandoned: ["1 requests"] });
      client.reset();
    });

    it("cuts off a response that is still being streamed at the deadline, and not before", async () => {
      const { bench, gate } = await drained();
      const client = new RawClient(bench.port).send("GET /stream HTTP/1.1", "Host: a");
      await gate.reached();
      await until("begun", () => client.received.includes("first "));
      const report = bench.runtime.lifecycle.shutdown({ deadline: 300 });
      await until("refused", async () => (await bench.ask("/slow")).status === 503);
      expect(client.closed).toBe(false);
      const { clean, abandoned } = await report;
      expect([clean, abandoned]).toEqual([false, ["1 requests"]]);
      await until("cut off", () => client.closed);
      expect(client.received).not.toContain("last");
    });

    it("waits for a response that is being streamed", async () => {
      const { bench, gate } = await drained();
      const response = await begin(bench.port, "/stream", { agent: keepAlive() });
      await gate.reached();
      let isOver = false;
      const report = bench.runtime.lifecycle.shutdown().finally(() => {
        isOver = true;
      });
      await until("refused", async () => (await bench.ask("/stream")).status === 503);
      expect(isOver).toBe(false);
      expect(bench.runtime.lifecycle.inFlight).toBe(1);
      gate.open();
      const chunks = await response.setEncoding("utf8").toArray();
      expect(chunks.join("")).toBe("first last");
      await expect(report).resolves.toMatchObject({ clean: true });
    });

    it("refuses the next request on an idle connection and closes it, where it lingers", async () => {
      const gate = new Gate();
      const bench = await benches.start({
        routes: [{ method: "GET", path: "/", handler: () => ({ body: "ok" }) }, slow(gate)],
        options: { drain: { linger: 600 } },
      });
      const used = new RawClient(bench.port).send("GET / HTTP/1.1", "Host: a");
      await until("the first answer", () => used.received.includes("ok"));
      const report = bench.runtime.lifecycle.shutdown();
      used.received = "";
      used.send("GET / HTTP/1.1", "Host: a");
      await until("closed", () => used.closed);
      expect(used.received).toMatch(/^HTTP\/1\.1 503 .*\r\nConnection: close\r\n/is);
      const { clean, duration } = await report;
      expect(clean).toBe(true);
      expect(duration).toBeGreaterThanOrEqual(600); // others may be on their way
    });

    it("does not linger where nobody has been", async () => {
      const bench = await benches.start({ options: { drain: { linger: 20_000 } } });
      const { clean, duration } = await bench.runtime.lifecycle.shutdown();
      expect(clean).toBe(true);
      expect(duration).toBeLessThan(20_000);
    });

    it("closes idle connections at the end", async () => {
      const { bench } = await drained();
      const idle = new RawClient(bench.port).send(`GET ${PING} HTTP/1.1`, "Host: a");
      const known = new RawClient(bench.port).send("GET /none HTTP/1.1", "Host: a");
      await until("answers", () => idle.received !== "" && known.received !== "");
      await bench.runtime.lifecycle.shutdown();
      await until("closed", () => idle.closed && known.closed);
    });

    it("takes requests for a while after readiness has turned, where that is wanted", async () => {
      const bench = await benches.start({
        routes: [{ method: "GET", path: "/", handler: () => ({ body: "ok" }) }],
        options: { drain: { linger: 0 } },
        runtime: { settings: { shutdown: { checkInterval: 10, prestop: 400 } } },
      });
      const report = bench.runtime.lifecycle.shutdown();
      await expect(bench.ask(READY)).resolves.toMatchObject({ status: 503 });
      await expect(bench.ask("/", { agent: keepAlive() })).resolves.toMatchObject({
        status: 200,
        headers: { connection: "close" },
      });
      await expect(report).resolves.toMatchObject({ clean: true });
    });

    it("waits no more for a client that has left [shutdown: in-flight leak never aged out]", async () => {
      const { bench, gate } = await drained();
      const client = new RawClient(bench.port).send("GET /slow HTTP/1.1", "Host: a");
      await gate.reached();
      expect(bench.runtime.lifecycle.inFlight).toBe(1);
      client.reset();
      await until("forgotten", () => bench.runtime.lifecycle.inFlight === 0);
      await expect(bench.runtime.lifecycle.shutdown()).resolves.toMatchObject({ clean: true });
    });

    it("answers all of a pipeline, and ends the connection with the last of them", async () => {
      const { bench, gate } = await drained();
      const client = new RawClient(bench.port);
      for (let n = 0; n < 3; n++) client.send("GET /slow HTTP/1.1", "Host: a");
      await gate.reached(3);
      const shutdown = bench.runtime.lifecycle.shutdown();
      client.send("GET /slow HTTP/1.1", "Host: a");
      await until("refused", () =>
        bench.telemetry.value("baldur_http_requests_total", { status_code: "503" }),
      );
      gate.open();
      await until("closed", () => client.closed);
      expect(client.received.match(/HTTP\/1\.1 \d+|connection: close/gi)).toEqual([
        ...["HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 200"],
        ...["HTTP/1.1 503", expect.stringMatching(/close/i)],
      ]);
      await shutdown;
    });

    it("waits no more for requests in a pipeline whose client has left", async () => {
      const warnings: Error[] = [];
      process.once("warning", (warning) => warnings.push(warning));
      const { bench, gate } = await drained();
      const client = new RawClient(bench.port);
      for (let n = 0; n < 20; n++) client.send("GET /slow HTTP/1.1", "Host: a");
      await gate.reached(20);
      expect(bench.runtime.lifecycle.inFlight).toBe(20);
      expect(warnings).toEqual([]);
      client.reset();
      await until("forgotten", () => bench.runtime.lifecycle.inFlight === 0);
    });

    it("counts what is upgraded until it is closed, and upgrades nobody in a drain", async () => {
      const { bench } = await drained();
      let upgraded = 0;
      bench.app.server.on("upgrade", (_request, socket) => {
        if (!socket.writable) return;
        upgraded++;
        socket.resume().on("end", () => socket.end());
        socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
      });
      const upgrade = ["GET /socket HTTP/1.1", "Host: a", "Connection: Upgrade", "Upgrade: echo"];
      await bench.ask(PING);
      await bench.ask("/none"); // by then the adapter knows the server
      const client = new RawClient(bench.port).send(...upgrade);
      await until("upgraded", () => client.received.startsWith("HTTP/1.1 101"));
      expect(bench.runtime.lifecycle.inFlight).toBe(1);
      const report = bench.runtime.lifecycle.shutdown();
      for (const late of [new RawClient(bench.port), new RawClient(bench.port)]) {
        late.send(...upgrade);
        await until("refused", () => late.closed);
        expect(late.received).toMatch(
          /^HTTP\/1\.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: \d+/,
        );
      }
      expect(upgraded).toBe(1);
      client.socket.destroy();
      await expect(report).resolves.toMatchObject({ clean: true });
    });

    it("leaves upgrades alone that nobody listens to", async () => {
      const bench = await benches.start({
        routes: [{ method: "GET", path: "/", handler: () => ({ body: "plain" }) }],
      });
      await bench.ask("/");
      const headers = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABk" };
      await expect(bench.ask("/", { headers })).resolves.toMatchObject({ status: 200, body: "plain" });
    });
  });
}
