import { afterEach, describe, expect, it } from "@jest/globals";
import { Gate, RawClient, until } from "./client.js";
import { type Bench, Benches } from "./fixture.js";
import type { AdapterSubject, TestRoute } from "./subject.js";

const REQUESTS = "baldur_http_requests_total";
const ERRORS = "baldur_http_request_errors_total";

const user: TestRoute = { method: "GET", path: "/users/:id", handler: ({ params }) => ({ body: params }) };
const boom: TestRoute = {
  method: "GET",
  path: "/boom/:id",
  handler: () => {
    throw Object.assign(new Error("broken"), { code: "E_BROKEN" });
  },
};

const counted = (
  { telemetry }: Bench,
  endpoint: string,
  status: number,
  method = "GET",
): number | undefined => telemetry.value(REQUESTS, { endpoint, status_code: String(status), method });

/** How requests are counted and timed. */
export function metricsCases(subject: AdapterSubject): void {
  describe("metrics", () => {
    const benches = new Benches(subject);
    afterEach(() => benches.stop());

    it("counts requests by the template of their route", async () => {
      const bench = await benches.start({ routes: [user] });
      for (const id of ["1", "2", "%2e%2e%2f", "x".repeat(90)]) {
        await expect(bench.ask(`/users/${id}?q=${id}`)).resolves.toMatchObject({ status: 200 });
      }
      await until("counted", () => counted(bench, "/users/:id", 200) === 4);
      expect(bench.telemetry.series(REQUESTS)).toHaveLength(1);
      expect(bench.telemetry.series("baldur_http_request_duration_seconds")).toMatchObject([
        { labels: { method: "GET", endpoint: "/users/:id" }, count: 4 },
      ]);
    });

    it("counts whatever no route has matched as one, however hostile it is", async () => {
      const bench = await benches.start({ routes: [user] });
      const hostile = [
        "/a",
        '/"}\\',
        "/%00",
        "/%ff%fe",
        "//",
        "/;drop",
        "/..%2f..%2fetc/passwd",
        "/?%0a=1",
        "/users",
      ];
      for (const path of hostile) await bench.ask(path);
      for (let n = 0; n < 50; n++) await bench.ask(`/random/${n}/${n * 7}`);
      const raw = new RawClient(bench.port).send("GET /caf\u00e9 HTTP/1.1", "Host: a", "Connection: close");
      await until("answered", () => raw.closed);
      await until("counted", () => (counted(bench, "UNMATCHED_ROUTE", 404) ?? 0) >= 55);
      const endpoints = new Set(bench.telemetry.series(REQUESTS).map(({ labels }) => labels["endpoint"]));
      expect([...endpoints]).toEqual(["UNMATCHED_ROUTE"]);
    });

    it("counts an exception that nobody handles as one failure [HTTP middleware: unhandled exception not recorded]", async () => {
      const bench = await benches.start({ routes: [boom] });
      await expect(bench.ask("/boom/1")).resolves.toMatchObject({ status: 500 });
      await until("counted", () => counted(bench, "/boom/:id", 500) === 1);
      expect(bench.telemetry.series(ERRORS)).toMatchObject([
        { labels: { method: "GET", endpoint: "/boom/:id", error_type: "E_BROKEN" }, value: 1 },
      ]);
    });

    it("takes a client that left for no error of the service", async () => {
      const gate = new Gate();
      const handler = async (): Promise<object> => {
        await gate.pass();
        return {};
      };
      const bench = await benches.start({ routes: [{ method: "GET", path: "/slow", handler }] });
      const client = new RawClient(bench.port).send("GET /slow HTTP/1.1", "Host: a");
      await gate.reached();
      client.reset();
      await until("counted", () => counted(bench, "/slow", 499) === 1);
      expect(bench.telemetry.series(ERRORS)).toEqual([]);
      gate.open();
    });

    it("keeps methods few, and takes none for another [ASGI: unknown HTTP methods become GET]", async () => {
      const bench = await benches.start({ routes: [user] });
      for (const method of ["PROPFIND", "MKCOL", "LOCK", "REPORT"]) await bench.ask("/users/1", { method });
      await until("counted", () => {
        const other = bench.telemetry.series(REQUESTS).filter(({ labels }) => labels["method"] === "OTHER");
        return other.reduce((sum, { value = 0 }) => sum + value, 0) === 4;
      });
      expect(bench.telemetry.series(REQUESTS).every(({ labels }) => labels["method"] === "OTHER")).toBe(true);
    });

    it("leaves its own paths out", async () => {
      const bench = await benches.start({ routes: [user] });
      for (const path of ["/metrics", "/api/baldur/health/live", "/api/baldur/none"]) await bench.ask(path);
      await bench.ask("/users/1");
      await until("counted", () => counted(bench, "/users/:id", 200) === 1);
      expect(bench.telemetry.series(REQUESTS)).toHaveLength(1);
    });

    it("records nothing where that is wanted", async () => {
      const bench = await benches.start({ routes: [user], options: { metrics: { record: false } } });
      await bench.ask("/users/1");
      await until("ended", () => bench.runtime.lifecycle.inFlight === 0);
      expect(bench.telemetry.series(REQUESTS)).toEqual([]);
    });
  });
}
