import { afterEach, describe, expect, it } from "@jest/globals";
import type { Answer } from "./client.js";
import { Benches } from "./fixture.js";
import { type Item, parseList } from "./structured-fields.js";
import type { AdapterSubject, TestRoute } from "./subject.js";

const home: TestRoute = { method: "GET", path: "/", handler: () => ({ body: "ok" }) };
const from = (address: string): { headers: Record<string, string> } => ({
  headers: { "x-forwarded-for": address },
});

/** The fields of the draft, by a reader that is not ours. */
function told({ headers }: Answer): { policy: Item[]; limit: Item[] } {
  return {
    policy: parseList(String(headers["ratelimit-policy"])),
    limit: parseList(String(headers["ratelimit"])),
  };
}

/** What clients may send. */
export function rateLimitCases(subject: AdapterSubject): void {
  describe("rate limit", () => {
    const benches = new Benches(subject);
    afterEach(() => benches.stop());

    it("tells every answer what is left, as the draft has it and as clients know it", async () => {
      const bench = await benches.startTimed({ routes: [home], options: { rateLimit: { limit: 2 } } });
      const first = await bench.ask("/");
      expect(first.status).toBe(200);
      expect(told(first)).toEqual({
        policy: [{ value: "default", parameters: { q: 2, w: 60 } }],
        limit: [{ value: "default", parameters: { r: 1, t: expect.any(Number) } }],
      });
      expect(first.headers).toMatchObject({ "x-ratelimit-limit": "2", "x-ratelimit-remaining": "1" });
      expect(first.headers["retry-after"]).toBeUndefined();
      await bench.ask("/");
      const refused = await bench.ask("/");
      const [limit] = told(refused).limit;
      expect(limit?.parameters["r"]).toBe(0);
      expect(refused).toMatchObject({
        status: 429,
        headers: {
          "retry-after": String(limit?.parameters["t"]),
          "x-ratelimit-remaining": "0",
          "content-type": expect.stringContaining("application/json"),
        },
      });
      expect(JSON.parse(refused.body)).toEqual({
        error: "rate_limit_exceeded",
        message: "more than 2 requests in 60 s",
        retry_after: limit?.parameters["t"],
      });
      const reset = Number(refused.headers["x-ratelimit-reset"]);
      expect(reset - bench.clock.now() / 1000).toBe(limit?.parameters["t"]);
      expect(bench.telemetry.value("baldur_rate_limit_exceeded_total", { mode: "normal" })).toBe(1);
    });

    it("lets a client in again when it said it would", async () => {
      const bench = await benches.startTimed({ routes: [home], options: { rateLimit: { limit: 1 } } });
      await bench.ask("/");
      const after = Number((await bench.ask("/")).headers["retry-after"]);
      await bench.clock.advance((after - 4) * 1000);
      await expect(bench.ask("/")).resolves.toMatchObject({ status: 429 });
      await bench.clock.advance(4000);
      await expect(bench.ask("/")).resolves.toMatchObject({ status: 200 });
    });

    it("believes no header of a client [HTTP middleware: X-Forwarded-For trusted]", async () => {
      const bench = await benches.startTimed({ routes: [home], options: { rateLimit: { limit: 1 } } });
      await bench.ask("/", from("203.0.113.1"));
      await expect(bench.ask("/", from("203.0.113.2"))).resolves.toMatchObject({ status: 429 });
    });

    it("believes the proxy that the framework was told to trust", async () => {
      const bench = await benches.startTimed({
        routes: [home],
        options: { rateLimit: { limit: 1 } },
        trustProxy: true,
      });
      await bench.ask("/", from("203.0.113.1"));
      await expect(bench.ask("/", from("203.0.113.2"))).resolves.toMatchObject({ status: 200 });
      await expect(bench.ask("/", from("203.0.113.1"))).resolves.toMatchObject({ status: 429 });
      await bench.ask("/", from("2001:db8:0:1::1"));
      await expect(bench.ask("/", from("2001:db8:0:1:ffff::2"))).resolves.toMatchObject({ status: 429 });
      await expect(bench.ask("/", from("2001:db8:0:2::1"))).resolves.toMatchObject({ status: 200 });
    });

    it("asks whose budget it is, and limits nobody who has none", async () => {
      const key = ({ headers }: { headers: Record<string, string | undefined> }) => headers["x-tenant"];
      const bench = await benches.startTimed({ routes: [home], options: { rateLimit: { limit: 1, key } } });
      const as = (tenant: string) => bench.ask("/", { headers: { "x-tenant": tenant } });
      const answers = [
        await as("a"),
        await as("b"),
        await as("a"),
        await bench.ask("/"),
        await bench.ask("/"),
      ];
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 429, 200, 200]);
      expect(answers[3]?.headers["ratelimit"]).toBeUndefined();
    });

    it("says that whose budget it is must be known at once", async () => {
      const key = (async () => "one") as unknown as () => string;
      const { ask } = await benches.start({ routes: [home], options: { rateLimit: { limit: 1, key } } });
      await expect(ask("/")).resolves.toMatchObject({ status: 500 });
    });

    it("limits a route beside the rest, and tells of both", async () => {
      const bench = await benches.startTimed({
        routes: [home, { ...home, path: "/dear/:id", guard: { rateLimit: { limit: 1, window: 10_000 } } }],
        options: { rateLimit: { limit: 10, name: "all" } },
      });
      const first = await bench.ask("/dear/1");
      expect(told(first)).toEqual({
        policy: [
          { value: "all", parameters: { q: 10, w: 60 } },
          { value: "GET /dear/:id", parameters: { q: 1, w: 10 } },
        ],
        limit: [
          { value: "all", parameters: { r: 9, t: expect.any(Number) } },
          { value: "GET /dear/:id", parameters: { r: 0, t: expect.any(Number) } },
        ],
      });
      expect(first.headers).toMatchObject({ "x-ratelimit-limit": "1", "x-ratelimit-remaining": "0" });
      await expect(bench.ask("/dear/2")).resolves.toMatchObject({ status: 429 });
      await expect(bench.ask("/")).resolves.toMatchObject({ status: 200 });
    });

    it("takes its default from the settings, and none from an option that is false", async () => {
      const runtime = {
        env: {
          BALDUR_RATE_LIMIT_MIDDLEWARE_RATE_LIMIT: "1",
          BALDUR_RATE_LIMIT_MIDDLEWARE_WINDOW_SECONDS: "7",
        },
      };
      const limited = await benches.startTimed({ routes: [home], runtime });
      expect(told(await limited.ask("/")).policy).toEqual([{ value: "default", parameters: { q: 1, w: 7 } }]);
      await expect(limited.ask("/")).resolves.toMatchObject({ status: 429 });
      expect(limited.telemetry.named("config.unknown_env_var")).toEqual([]);
      const free = await benches.startTimed({ routes: [home], runtime, options: { rateLimit: false } });
      await free.ask("/");
      await expect(free.ask("/")).resolves.toMatchObject({ status: 200 });
    });

    it("refuses nobody in a dry run or where an operator has switched everything off", async () => {
      const bench = await benches.startTimed({ routes: [home], options: { rateLimit: { limit: 1 } } });
      await bench.ask("/");
      await bench.runtime.control.enableDryRun({ actor: "test", reason: "test" });
      await expect(bench.ask("/")).resolves.toMatchObject({ status: 200 });
      expect(bench.telemetry.named("execution_mode.intervention_suppressed")).toHaveLength(1);
      await bench.runtime.control.disable({ actor: "test", reason: "test" });
      const off = await bench.ask("/");
      expect(off.status).toBe(200);
      expect(off.headers["ratelimit"]).toBeUndefined();
    });

    it("counts for a fleet where that is asked for, and tells what is left of its budget", async () => {
      const rateLimit = { limit: 2, scope: "fleet", name: "api" } as const;
      const bench = await benches.startTimed({ routes: [home], options: { rateLimit } });
      const [first, , third] = [await bench.ask("/"), await bench.ask("/"), await bench.ask("/")];
      expect(told(first)).toEqual({
        policy: [{ value: "api", parameters: { q: 2, w: 60 } }],
        limit: [{ value: "api", parameters: { r: 1, t: 60 } }],
      });
      const reset = String(Math.ceil(bench.clock.now() / 1000) + 60);
      expect(first.headers).toMatchObject({ "x-ratelimit-remaining": "1", "x-ratelimit-reset": reset });
      expect(third.status).toBe(429);
      expect(told(third).limit[0]?.parameters["r"]).toBe(0);
    });

    it("lets a storm of refusals not become a storm of lines", async () => {
      const bench = await benches.startTimed({ routes: [home], options: { rateLimit: { limit: 1 } } });
      for (let n = 0; n < 20; n++) await bench.ask("/");
      expect(bench.telemetry.named("rate_limit.request_blocked")).toHaveLength(1);
      await bench.clock.advance(1000);
      await bench.ask("/");
      expect(bench.telemetry.named("rate_limit.request_blocked")).toHaveLength(2);
    });
  });
}
