import { createDependency } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import { hotClock } from "../../src/clock.js";
import { Cooldowns } from "../../src/rate-limit/cooldown.js";
import { retryAfterOf } from "../../src/rate-limit/retry-after.js";
import { type RateLimitBackoffSettings, rateLimitBackoffSettings } from "../../src/rate-limit/settings.js";
import { TelemetryHub } from "../../src/telemetry/telemetry.js";
import { errorOf, fails, testRuntime } from "../runtime.js";

const RETRY = { retry: { backoff: "constant" as const, baseDelay: 10 } };

describe("Retry-After", () => {
  const now = Date.UTC(2026, 0, 1);
  const asks = (value: unknown, name = "retry-after") => retryAfterOf({ headers: { [name]: value } }, now);

  it("44.4 is read as seconds, as text, as an HTTP date, in any case and place", () => {
    expect(asks(2)).toBe(2000);
    expect(asks("1.5", "Retry-After")).toBe(1500);
    expect(asks(new Date(now + 3000).toUTCString())).toBe(3000);
    expect(asks(new Date(now - 3000).toUTCString())).toBe(0);
    expect(asks("250", "retry-after-ms")).toBe(250);
    expect(retryAfterOf({ response: { headers: new Headers({ "Retry-After": "4" }) } }, now)).toBe(4000);
    expect(retryAfterOf({ retryAfter: "5" }, now)).toBe(5000);
  });

  it("44.4 says nothing where it is infinite, negative or garbage", () => {
    for (const value of [Number.POSITIVE_INFINITY, Number.NaN, -1, "soon", "", "1e9999", {}, [], null]) {
      expect(asks(value)).toBeUndefined();
    }
    expect(retryAfterOf(undefined, now)).toBeUndefined();
  });
});

describe("the cooldown after an answer 429", () => {
  it("is waited for by every call with its key, one of which goes first", async () => {
    const { baldur, clock } = testRuntime();
    const dependency = createDependency([
      { kind: "limit", retryAfter: 2 },
      { kind: "answer", value: "ok" },
    ]);
    const first = baldur.protect("api", dependency.call, RETRY);
    await clock.advance(0);
    const followers = Array.from({ length: 20 }, () => baldur.protect("api", dependency.call, RETRY));
    await clock.advance(1999);
    expect(dependency.calls).toBe(1);
    await clock.advance(1000);
    await expect(Promise.all([first, ...followers])).resolves.toHaveLength(21);
    expect(dependency.calls).toBe(22);
  });

  it("44.4 is a floor: jitter and backoff only lengthen it, and a shorter 429 does not cut it", async () => {
    const { baldur, clock } = testRuntime();
    const long = createDependency([{ kind: "limit", retryAfter: 10 }, { kind: "answer" }]);
    const short = createDependency([{ kind: "limit", retryAfter: 1 }, { kind: "answer" }]);
    const calls = [long, short].map((dependency) =>
      baldur.protect("api", dependency.call, { retry: { ...RETRY.retry, rateLimitKey: "shared" } }),
    );
    await clock.advance(9999);
    expect([long.calls, short.calls]).toEqual([1, 1]);
    await clock.advance(20_000);
    await Promise.all(calls);
  });

  it("is kept per key", async () => {
    const { baldur, clock } = testRuntime();
    const limited = createDependency({ kind: "limit", retryAfter: 30 });
    const call = errorOf(baldur.protect("a", limited.call, RETRY));
    await clock.advance(0);
    await expect(baldur.protect("b", () => "free", RETRY)).resolves.toBe("free");
    await clock.advance(300_000);
    await call;
  });

  it("defers at once what would have to wait longer than its longest delay", async () => {
    const { baldur, clock } = testRuntime();
    const dependency = createDependency({ kind: "limit", retryAfter: 600 });
    const options = { retry: { ...RETRY.retry, maxDelay: 1000 } };
    expect(await errorOf(baldur.protect("api", dependency.call, options))).toMatchObject({ status: 429 });
    expect(await errorOf(baldur.protect("api", dependency.call, options))).toMatchObject({
      code: "ERR_BALDUR_RATE_LIMIT_DEFERRED",
    });
    expect(dependency.calls).toBe(1);
    await clock.advance(0);
  });

  it("44.4 counts every answer 429, and announces a burst once", async () => {
    const { baldur, telemetry, clock } = testRuntime();
    const dependency = createDependency({ kind: "limit", retryAfter: 1 });
    const calls = Array.from({ length: 5 }, () =>
      errorOf(baldur.protect("api", dependency.call, { retry: { ...RETRY.retry, maxAttempts: 1 } })),
    );
    await clock.advance(0);
    await Promise.all(calls);
    expect(telemetry.value("baldur_rate_limit_429_total", { key: "api" })).toBe(5);
    expect(telemetry.named("rate_limit.cooldown_start")).toHaveLength(1);
  });

  it("is a failure of no circuit, until many answers in a row open it", async () => {
    const { baldur } = testRuntime();
    const dependency = createDependency({ kind: "limit" });
    for (let n = 0; n < 19; n++) await errorOf(baldur.protect("api", dependency.call));
    expect(baldur.circuit("api").snapshot()).toMatchObject({
      state: "closed",
      window: { failures: 0, rateLimited: 19 },
    });
    await errorOf(baldur.protect("api", dependency.call));
    expect(baldur.circuit("api").state).toBe("open");
  });

  it("asks nothing of other failures", async () => {
    const { baldur, telemetry } = testRuntime();
    await errorOf(baldur.protect("api", fails, { retry: { maxAttempts: 1 } }));
    expect(telemetry.named("rate_limit.cooldown_start")).toHaveLength(0);
  });

  it("44.4 a burst of answers is one answer for the growth of the cooldown", async () => {
    const { baldur, clock, telemetry } = testRuntime();
    const dependency = createDependency({ kind: "limit", retryAfter: 1 });
    const once = { retry: { ...RETRY.retry, maxAttempts: 1 }, circuitBreaker: false };
    const burst = Array.from({ length: 50 }, () => errorOf(baldur.protect("api", dependency.call, once)));
    await clock.advance(0);
    await Promise.all(burst);
    dependency.behave({ kind: "answer", value: "ok" });
    const next = baldur.protect("api", dependency.call, once);
    await clock.advance(1300);
    await expect(next).resolves.toBe("ok");
    expect(telemetry.named("rate_limit.cooldown_end")).toHaveLength(1);
  });

  it("grows with every canary that is answered 429, from the base where the answer names a time", async () => {
    const { baldur, clock, telemetry } = testRuntime({
      random: () => 0,
      settings: { rateLimitBackoff: { debounceWindow: 0 } },
    });
    const dependency = createDependency({ kind: "limit", retryAfter: 1 });
    const call = errorOf(
      baldur.protect("api", dependency.call, { retry: { ...RETRY.retry, maxAttempts: 5 } }),
    );
    await clock.advance(60_000);
    await call;
    const cooldowns = telemetry.named("rate_limit.cooldown_start").map(({ payload }) => payload["cooldown"]);
    expect(cooldowns).toEqual([1000, 2000, 4000, 8000, 16_000]);
  });

  it("counts a call that only waited for it against nobody", async () => {
    const { baldur, clock } = testRuntime();
    const dependency = createDependency({ kind: "limit", retryAfter: 20 });
    const options = { retry: { ...RETRY.retry, maxAttempts: 2 }, timeout: 100 };
    const calls = Array.from({ length: 15 }, () => errorOf(baldur.protect("api", dependency.call, options)));
    await clock.advance(100);
    await Promise.all(calls);
    const waiting = Array.from({ length: 30 }, () =>
      errorOf(baldur.protect("api", dependency.call, options)),
    );
    await clock.advance(100);
    await Promise.all(waiting);
    expect(dependency.calls).toBe(15);
    expect(baldur.circuit("api").snapshot()).toMatchObject({
      state: "closed",
      window: { calls: 15, failures: 0, rateLimited: 15 },
    });
  });

  it("is tested by another call when its canary is given up, or never answers", async () => {
    const { baldur, clock } = testRuntime();
    const dependency = createDependency([
      { kind: "limit", retryAfter: 1 },
      { kind: "hang" },
      { kind: "answer", value: "ok" },
    ]);
    const options = (timeout: number) => ({ ...RETRY, timeout });
    const canary = errorOf(baldur.protect("api", dependency.call, options(2000)));
    await clock.advance(10);
    const waiters = Array.from({ length: 5 }, () => baldur.protect("api", dependency.call, RETRY));
    await clock.advance(3000);
    expect(await canary).toMatchObject({ code: "ERR_BALDUR_TIMEOUT_POLICY" });
    await expect(Promise.all(waiters)).resolves.toEqual(Array(5).fill("ok"));
  });

  it("is tested by another call when the lease of its canary is over", async () => {
    const { baldur, clock } = testRuntime();
    const dependency = createDependency([
      { kind: "limit", retryAfter: 1 },
      { kind: "hang" },
      { kind: "answer", value: "ok" },
    ]);
    void baldur.protect("api", dependency.call, RETRY).catch(() => undefined);
    await clock.advance(10);
    const waiters = Array.from({ length: 5 }, () => baldur.protect("api", dependency.call, RETRY));
    await clock.advance(62_000);
    await expect(Promise.all(waiters)).resolves.toEqual(Array(5).fill("ok"));
  });

  it("44.4 never overflows, however many answers came in a row", async () => {
    const { clock } = testRuntime();
    const telemetry = new TelemetryHub(clock);
    const settings = Object.fromEntries(
      Object.entries(rateLimitBackoffSettings.fields).map(([key, field]) => [key, field.default]),
    ) as unknown as RateLimitBackoffSettings;
    const cooldowns = new Cooldowns({ clock: hotClock(clock), random: () => 1, telemetry }, settings);
    for (let answers = 0; answers < 2000; answers++) {
      const wait = cooldowns.limited("api", undefined, false);
      expect(wait).toBeGreaterThan(0);
      expect(wait).toBeLessThanOrEqual(78_000); // the longest that grows by itself, and its jitter
      await clock.advance(wait);
    }
  });
});
