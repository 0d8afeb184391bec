import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { createHttp } from "./fixture.js";

describe("a request", () => {
  it("is counted and timed once, by method, template and status", () => {
    const { http, pass, hub, series } = createHttp();
    const first = http.begin("GET");
    pass(30);
    first.end("/users/:id", 200);
    http.begin("GET").end("/users/:id", 404);
    http.begin("POST").end("/users", 201);
    expect(series("requests_total")).toEqual({
      "GET /users/:id 200": 1,
      "GET /users/:id 404": 1,
      "POST /users 201": 1,
    });
    expect(series("request_errors_total")).toEqual({});
    const timed = hub
      .metrics()
      .find(({ type, labels }) => type === "histogram" && labels["method"] === "GET");
    expect(timed).toMatchObject({ count: 2, sum: 0.03 });
    expect(timed?.buckets?.find(({ le }) => le === 0.025)?.count).toBe(1);
    expect(timed?.buckets?.find(({ le }) => le === 0.05)?.count).toBe(2);
  });

  it("keeps what a template consists of", () => {
    const { ask, endpoints } = createHttp();
    const templates = ["/a/:b", "/a/{b}", "/a/*", "/a-b/c.d", "/ä/ß", "/q?x", '/"quoted"/\\', "/a b"];
    for (const template of templates) ask(template);
    expect(endpoints()).toEqual(templates);
  });

  it("has one of the known verbs, or OTHER", () => {
    const { ask, series } = createHttp();
    for (const method of ["GET", "get", "PROPFIND", "x".repeat(1000), "", "DELETE"]) ask("/", { method });
    expect(series("requests_total")).toEqual({ "GET / 200": 1, "OTHER / 200": 4, "DELETE / 200": 1 });
  });

  it("without a route is UNMATCHED_ROUTE, whatever its path was", () => {
    const { ask, series } = createHttp();
    for (let i = 0; i < 3; i++) ask(undefined, { status: 404 });
    expect(series("requests_total")).toEqual({ "GET UNMATCHED_ROUTE 404": 3 });
  });
});

describe("a failure", () => {
  it("is counted as 500 once, when both the handler's error and the end of the answer are told", () => {
    const { http, series } = createHttp();
    const request = http.begin("GET");
    request.end("/pay", 500, new TypeError("x"));
    request.end("/pay", 500);
    request.end("/pay", undefined);
    expect(series("requests_total")).toEqual({ "GET /pay 500": 1 });
    expect(series("request_errors_total")).toEqual({ "GET /pay TypeError": 1 });
  });

  it("is named by its code, else its class, else its status", () => {
    const { ask, series } = createHttp();
    ask("/", { status: 500, error: Object.assign(new Error("x"), { code: "ECONNRESET" }) });
    ask("/", { status: 500, error: new RangeError("x") });
    ask("/", { status: 503 });
    ask("/", { status: 200, error: new Error("after the head was sent") });
    expect(series("request_errors_total")).toEqual({
      "GET / ECONNRESET": 1,
      "GET / RangeError": 1,
      "GET / HTTP_503": 1,
      "GET / Error": 1,
    });
  });

  it("is not the service's where the client is at fault", () => {
    const { ask, series } = createHttp();
    ask("/", { status: 400, error: new Error("bad body") });
    ask("/", { status: 404 });
    expect(series("request_errors_total")).toEqual({});
  });

  it("is not that the client left: 499, and no error", () => {
    const { http, series } = createHttp();
    http.begin("GET").end("/slow", undefined, new Error("aborted"));
    expect(series("requests_total")).toEqual({ "GET /slow 499": 1 });
    expect(series("request_errors_total")).toEqual({});
  });

  it("of whatever was thrown breaks nothing and adds few names", () => {
    const { ask, series, hub } = createHttp();
    const hostile = Object.defineProperty({}, "code", {
      get: () => {
        throw new Error("no");
      },
    });
    for (const error of [null, 7, "text", Symbol("s"), hostile, { code: "a b" }, { name: "" }])
      ask("/", { status: 500, error });
    expect(series("request_errors_total")).toEqual({ "GET / OTHER": 7 });
    for (let i = 0; i < 500; i++) ask("/", { status: 500, error: { code: `ORDER_${i}` } });
    expect(Object.keys(series("request_errors_total"))).toHaveLength(50);
    expect(series("request_errors_total")["GET / OTHER"]).toBe(7 + 451);
    expect(hub.metrics().every(({ labels }) => labels["error_type"] !== "ORDER_499")).toBe(true);
  });
});

describe("paths that are not counted", () => {
  it("are those of probes and scrapers, and the mount points given", () => {
    const { ask, endpoints } = createHttp({ excluded: ["/api/baldur"] });
    const skipped = [
      "/health",
      "/health/live",
      "/ready",
      "/metrics",
      "/favicon.ico",
      "/api/baldur/health/ping",
    ];
    for (const template of skipped) ask(template);
    expect(endpoints()).toEqual([]);
  });

  it("[BUG] a prefix that matched letters let /healthcare/123 through", () => {
    const { http, ask, endpoints } = createHttp();
    ask(http.templateOf("/healthcare/123"));
    ask("/metricspage");
    expect(endpoints()).toEqual(["/healthcare/{id}", "/metricspage"]);
  });
});

describe("the limit on endpoints", () => {
  it("[BUG] evicting an endpoint only forgot it: 10,000 distinct paths are never more series than the limit", () => {
    const { http, pass, ask, endpoints } = createHttp({ maxEndpoints: 500, maxSeries: 10_000 });
    for (let i = 0; i < 10_000; i++) {
      ask(http.templateOf(`/page-${i}`));
      pass(1000);
      if (i % 1000 === 0) expect(endpoints().length).toBeLessThanOrEqual(501);
    }
    for (const metric of ["requests_total", "request_duration_seconds"]) {
      expect(endpoints(metric)).toHaveLength(501);
      expect(endpoints(metric)).toContain("OTHER_ENDPOINT");
    }
  });

  it("[BUG] an evicted endpoint's series stayed: those of every kind end, and begin anew at zero", () => {
    const { ask, pass, series } = createHttp({ maxEndpoints: 2 });
    ask("/old", { status: 500, error: new Error("x") });
    ask("/old", { method: "POST" });
    ask("/kept");
    for (let minute = 0; minute < 11; minute++) {
      pass(60_000);
      ask("/kept");
    }
    ask("/new");
    const shown = ["requests_total", "request_duration_seconds", "request_errors_total"].map((metric) =>
      Object.keys(series(metric)),
    );
    expect(shown).toEqual([["GET /kept 200", "GET /new 200"], ["GET /kept", "GET /new"], []]);
    ask("/old");
    expect(series("requests_total")).toMatchObject({ "GET /kept 200": 12, "GET OTHER_ENDPOINT 200": 1 });
  });

  it("takes no endpoint's place that is in use: a stream of made-up paths resets no counter", () => {
    const { ask, pass, series } = createHttp({ maxEndpoints: 3 });
    for (let i = 0; i < 1000; i++) {
      ask("/a");
      ask("/b");
      ask("/c");
      ask(`/made-up-${i}`);
      pass(500);
    }
    expect(series("requests_total")).toEqual({
      "GET /a 200": 1000,
      "GET /b 200": 1000,
      "GET /c 200": 1000,
      "GET OTHER_ENDPOINT 200": 1000,
    });
  });

  it("holds for labels that are long or not printable: they share one", () => {
    const { ask, endpoints } = createHttp();
    for (const template of ["x".repeat(129), "/a\nb", "/a\u0000b", "/\u2028"]) ask(template);
    expect(endpoints()).toEqual(["OTHER_ENDPOINT"]);
    ask("x".repeat(128));
    expect(endpoints()).toHaveLength(2);
  });

  it("does not count unmatched requests as an endpoint, and always has them", () => {
    const { ask, endpoints } = createHttp({ maxEndpoints: 1 });
    ask("/a");
    ask(undefined);
    expect(endpoints()).toEqual(["/a", "UNMATCHED_ROUTE"]);
  });

  it("property: whatever is asked, there are at most the limit's endpoints and two more, and nothing is lost", () => {
    const template = fc.oneof(fc.webPath(), fc.string({ maxLength: 200 }), fc.constant(undefined));
    const request = fc.record({
      template,
      method: fc.string(),
      status: fc.constantFrom(200, 404, 500, 503),
      wait: fc.integer({ min: 0, max: 700_000 }),
    });
    fc.assert(
      fc.property(
        fc.array(request, { maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        (requests, maxEndpoints) => {
          const { ask, pass, endpoints } = createHttp({ maxEndpoints });
          for (const { template, method, status, wait } of requests) {
            ask(template, { method, status });
            pass(wait);
            expect(endpoints().length).toBeLessThanOrEqual(maxEndpoints + 2);
          }
        },
      ),
    );
  });

  it("has room for ten states of each endpoint within the usual limit on series", () => {
    const { ask, endpoints, hub } = createHttp({ maxEndpoints: 500, maxSeries: 1000 });
    for (let i = 0; i < 500; i++)
      for (const status of [200, 201, 304, 400, 404, 500]) ask(`/p${i}`, { status });
    expect(endpoints()).toHaveLength(500);
    expect(hub.metrics().some(({ name }) => name === "baldur_label_overflow_total")).toBe(false);
  });
});
