import { afterEach, describe, expect, it } from "@jest/globals";
import { definePlugin } from "../../../src/plugins/plugin.js";
import { type MetricsExporter, metricsSlot } from "../../../src/slots/metrics.js";
import { begin, Gate, RawClient, until } from "./client.js";
import { Benches } from "./fixture.js";
import type { AdapterSubject } from "./subject.js";

const API = "/api/baldur";
const REASON = { reason: "a test of the control API" };

const page = (body: string): MetricsExporter => ({
  kind: "test",
  exposition: async (accept) => ({ contentType: `text/plain; accept=${accept ?? "none"}`, body }),
  cardinality: () => [],
});

/** The paths of Baldur itself. */
export function ownRouteCases(subject: AdapterSubject): void {
  describe("own paths", () => {
    const benches = new Benches(subject);
    afterEach(() => benches.stop());

    it.each([
      ["/health/live", { status: "alive" }, "no-store"],
      ["/health/ping", { ping: "pong", status: "alive" }, "max-age=1"],
      ["/health/ready", { status: "ready", ready: true, phase: "running", checks: {} }, "no-store"],
      ["/health/pool", { status: "healthy", pools: {} }, "no-store"],
    ])("%s is for everyone, with and without a slash at its end", async (path, body, caching) => {
      const { ask } = await benches.start();
      for (const url of [`${API}${path}`, `${API}${path}/`, `${API}${path}?x=1`]) {
        const answer = await ask(url, { headers: { "x-forwarded-for": "203.0.113.1" } });
        expect(answer).toMatchObject({ status: 200, headers: { "cache-control": caching } });
        expect(JSON.parse(answer.body)).toEqual(body);
      }
      const head = await ask(`${API}${path}`, { method: "HEAD" });
      expect(head).toMatchObject({ status: 200, body: "" });
      expect(Number(head.headers["content-length"])).toBe(JSON.stringify(body).length);
    });

    it("is not ready where a check that decides says so", async () => {
      const { ask, runtime } = await benches.start();
      using _check = runtime.health.add("queue", () => ({ status: "unhealthy", detail: "gone" }), {
        readiness: true,
      });
      await until("not ready", async () => (await ask(`${API}/health/ready`)).status === 503);
      const { body } = await ask(`${API}/health/ready`);
      expect(JSON.parse(body)).toMatchObject({ checks: { queue: { status: "unhealthy" } } });
      expect(body).not.toContain("gone");
      await expect(ask(`${API}/health/live`)).resolves.toMatchObject({ status: 200 });
    });

    it("shows the full picture to who may read the control API, or to everyone where that is wanted", async () => {
      const { ask } = await benches.start();
      const local = await ask(`${API}/health/`);
      expect(local.status).toBe(200);
      expect(JSON.parse(local.body)).toMatchObject({ status: "healthy", baldur_enabled: true });
      const proxied = { headers: { "x-forwarded-for": "203.0.113.1" } };
      await expect(ask(`${API}/health/`, proxied)).resolves.toMatchObject({ status: 401 });
      const open = await benches.start({ options: { api: { publicHealth: true, control: false } } });
      await expect(open.ask(`${API}/health`, proxied)).resolves.toMatchObject({ status: 200 });
      await expect(open.ask(`${API}/control/status`)).resolves.toMatchObject({ status: 404 });
    });

    it("serves the control API to this host, and to nobody behind a proxy", async () => {
      const { ask, runtime } = await benches.start();
      runtime.circuit("pricing");
      const status = await ask(`${API}/control/status`);
      expect(JSON.parse(status.body)).toMatchObject({ circuits: [{ name: "pricing", state: "closed" }] });
      for (const header of ["x-forwarded-for", "forwarded", "x-real-ip"]) {
        await expect(
          ask(`${API}/control/status`, { headers: { [header]: "127.0.0.1" } }),
        ).resolves.toMatchObject({ status: 401 });
      }
    });

    it("is not fooled by the framework's trust in a proxy", async () => {
      const { ask } = await benches.start({ trustProxy: true });
      const headers = { "x-forwarded-for": "127.0.0.1" };
      await expect(ask(`${API}/control/status`, { headers })).resolves.toMatchObject({ status: 401 });
    });

    it("hands bodies on", async () => {
      const { ask, runtime } = await benches.start({ runtime: { env: { BALDUR_ADMIN_UNLOCK: "1" } } });
      runtime.circuit("pricing");
      await expect(ask(`${API}/control/block/pricing`, { body: REASON })).resolves.toMatchObject({
        status: 200,
      });
      expect(runtime.circuit("pricing").state).toBe("forced_open");
      await expect(ask(`${API}/control/block/pricing`, { body: { rumour: 1 } })).resolves.toMatchObject({
        status: 400,
      });
      const form = { method: "POST", headers: { "content-type": "text/plain" } };
      await expect(ask(`${API}/control/block/pricing`, form)).resolves.toMatchObject({ status: 403 });
    });

    it("asks the application who somebody is", async () => {
      const authorize = ({ headers }: { headers: Record<string, string | undefined> }) =>
        headers["x-user"] === "ops" ? "viewer" : undefined;
      const { ask } = await benches.start({ options: { api: { authorize } } });
      const as = (user: string) =>
        ask(`${API}/control/status`, { headers: { "x-user": user, forwarded: "for=a" } });
      await expect(as("ops")).resolves.toMatchObject({ status: 200 });
      await expect(as("nobody")).resolves.toMatchObject({ status: 401 });
      await expect(
        ask(`${API}/control/block/a`, { body: REASON, headers: { "x-user": "ops" } }),
      ).resolves.toMatchObject({
        status: 403,
      });
    });

    it("streams events, and stops when nobody listens any more", async () => {
      const { port, runtime } = await benches.start();
      const stream = await begin(port, `${API}/events`);
      expect(stream.headers["content-type"]).toContain("text/event-stream");
      let received = "";
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        received += chunk;
      });
      await until("a first event", () => received.includes("event:"));
      stream.destroy();
      expect(runtime.lifecycle.inFlight).toBe(0);
    });

    it("limits who asks the control API, and tells them what is left", async () => {
      const env = { BALDUR_API_RATE_LIMIT_CONTROL_API_RATE_LIMIT: "2" };
      const { ask } = await benches.startTimed({ runtime: { env } });
      const asked = [];
      for (let n = 0; n < 3; n++) asked.push(await ask(`${API}/control/status`));
      expect(asked.map(({ headers }) => headers["x-ratelimit-remaining"])).toEqual(["1", "0", "0"]);
      for (const { headers } of asked) {
        expect(headers["ratelimit-policy"]).toBe('"control-api";q=2;w=60');
        expect(headers["ratelimit"]).toMatch(/^"control-api";r=[01];t=\d+$/);
        expect(headers).toMatchObject({ "x-ratelimit-limit": "2", "x-ratelimit-reset": expect.any(String) });
      }
      const refused = asked[2];
      expect(refused).toMatchObject({ status: 429 });
      expect(Number(refused?.headers["retry-after"])).toBeGreaterThanOrEqual(1);
      await expect(ask(`${API}/health/live`)).resolves.toMatchObject({ status: 200 });
    });

    it("shows the page of metrics that a plugin exposes, and says what is missing without one", async () => {
      const without = await benches.start();
      const missing = await without.ask("/metrics");
      expect(missing).toMatchObject({
        status: 503,
        headers: { "content-type": expect.stringContaining("application/json") },
      });
      expect(JSON.parse(missing.body)).toMatchObject({ error: "metrics_unavailable" });
      const plugin = definePlugin({
        name: "exporter",
        register: (context) => context.fill(metricsSlot, page("baldur_up 1\n")),
      });
      const { ask } = await benches.start({ runtime: { plugins: [plugin] } });
      await expect(ask("/metrics?a=b", { headers: { accept: "text/plain" } })).resolves.toMatchObject({
        status: 200,
        headers: { "content-type": "text/plain; accept=text/plain" },
        body: "baldur_up 1\n",
      });
      await expect(ask("/metrics", { method: "POST", body: {} })).resolves.toMatchObject({ status: 404 });
    });

    it("leaves the paths of the application alone", async () => {
      const route = (path: string) => ({ method: "GET" as const, path, handler: () => ({ body: "mine" }) });
      const routes = ["/metrics/mine", "/api/baldurs", "/api"].map(route);
      const { ask } = await benches.start({ routes });
      for (const { path } of routes)
        await expect(ask(path)).resolves.toMatchObject({ status: 200, body: "mine" });
    });

    it("moves, and goes, as it is told to", async () => {
      const moved = await benches.start({
        options: { api: { prefix: "/-/" }, metrics: { path: "/-metrics" } },
      });
      await expect(moved.ask("/-/health/live")).resolves.toMatchObject({ status: 200 });
      await expect(moved.ask("/-/control/status")).resolves.toMatchObject({ status: 200 });
      await expect(moved.ask("/-metrics")).resolves.toMatchObject({ status: 503 });
      await expect(moved.ask(`${API}/health/live`)).resolves.toMatchObject({ status: 404 });
      const gone = await benches.start({ options: { api: false, metrics: { path: false } } });
      for (const path of [`${API}/health/live`, "/metrics"])
        await expect(gone.ask(path)).resolves.toMatchObject({ status: 404 });
    });

    it("survives what is no request", async () => {
      const { ask, port } = await benches.start();
      const client = new RawClient(port);
      client.send(`POST ${API}/control/block/a HTTP/1.1`, "Host: a", "Content-Length: 100", "", '{"reason":');
      await until("sent", () => client.socket.bytesWritten > 0);
      client.reset();
      await expect(ask(`${API}/control/status`, { method: "TRACE" })).resolves.toMatchObject({
        status: expect.any(Number),
      });
      await expect(ask(`${API}/control/status`, { headers: { host: "a b" } })).resolves.toMatchObject({
        status: 400,
      });
      await expect(ask(`${API}/%ff%00`)).resolves.toMatchObject({ status: expect.any(Number) });
      await expect(ask(`${API}/health/constructor`)).resolves.toMatchObject({ status: 404 });
      await expect(ask(`${API}/health/live`)).resolves.toMatchObject({ status: 200 });
    });

    it("answers while the application is busy with limits and requests of its own", async () => {
      const gate = new Gate();
      const handler = async (): Promise<object> => {
        await gate.pass();
        return {};
      };
      const { ask } = await benches.start({
        routes: [{ method: "GET", path: "/slow", handler }],
        options: { rateLimit: { limit: 1 } },
      });
      const slow = ask("/slow");
      await gate.reached();
      for (let n = 0; n < 5; n++)
        await expect(ask(`${API}/health/ready`)).resolves.toMatchObject({ status: 200 });
      gate.open();
      await slow;
    });
  });
}
