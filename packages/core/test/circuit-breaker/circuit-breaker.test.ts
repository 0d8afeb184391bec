import { describe, expect, it } from "@jest/globals";
import { CircuitOpenError } from "../../src/circuit-breaker/errors.js";
import { errorOf, fails, failure, succeeds, testRuntime, turn } from "../runtime.js";

const OPENS_AT_ONCE = { failureThreshold: 1, minimumCalls: 1, recoveryTimeout: 1000 };
const at = (options: object) => ({ circuitBreaker: { ...OPENS_AT_ONCE, ...options } });

async function opened(options: object = {}) {
  const runtime = testRuntime();
  await errorOf(runtime.baldur.protect("db", fails, at(options)));
  expect(runtime.baldur.circuit("db").state).toBe("open");
  return runtime;
}

describe("a circuit breaker", () => {
  it("M12 stays closed after one failure by default", async () => {
    const { baldur } = testRuntime();
    await errorOf(baldur.protect("db", fails));
    expect(baldur.circuit("db").state).toBe("closed");
  });

  it("opens when five of at least ten calls fail, and says why", async () => {
    const { baldur, telemetry } = testRuntime();
    for (let n = 0; n < 5; n++) await baldur.protect("db", succeeds);
    for (let n = 0; n < 4; n++) await errorOf(baldur.protect("db", fails));
    expect(baldur.circuit("db").state).toBe("closed");
    await errorOf(baldur.protect("db", fails));
    expect(baldur.circuit("db").state).toBe("open");
    expect(telemetry.named("circuit_breaker.opened")[0]?.payload).toMatchObject({
      name: "db",
      previous_state: "closed",
      trigger: "failures",
      failures: 5,
      calls: 10,
    });
    expect(telemetry.value("baldur_circuit_breaker_trips_total", { service: "db" })).toBe(1);
    expect(telemetry.value("baldur_circuit_breaker_state", { service: "db" })).toBe(1);
  });

  it("44.4 refuses without running the function while open, with the time to wait", async () => {
    const { baldur, clock } = await opened();
    let ran = false;
    await clock.advance(400);
    const error = await errorOf(baldur.protect("db", () => (ran = true)));
    expect(error).toBeInstanceOf(CircuitOpenError);
    expect(error).toMatchObject({
      code: "ERR_BALDUR_CIRCUIT_OPEN",
      circuit: "db",
      state: "open",
      retryAfter: 600,
    });
    expect(ran).toBe(false);
  });

  it("closes after two successful probes", async () => {
    const { baldur, clock, telemetry } = await opened();
    await clock.advance(1000);
    await baldur.protect("db", succeeds);
    expect(baldur.circuit("db").state).toBe("half_open");
    await baldur.protect("db", succeeds);
    expect(baldur.circuit("db").state).toBe("closed");
    expect(telemetry.named("circuit_breaker.closed")[0]?.payload).toMatchObject({
      previous_state: "half_open",
      trigger: "recovery",
      trigger_replay: true,
    });
  });

  it("opens again, and waits anew, after one failed probe", async () => {
    const { baldur, clock } = await opened();
    await clock.advance(1000);
    await errorOf(baldur.protect("db", fails));
    expect(baldur.circuit("db").state).toBe("open");
    await clock.advance(999);
    expect(await errorOf(baldur.protect("db", succeeds))).toBeInstanceOf(CircuitOpenError);
    await clock.advance(1);
    await expect(baldur.protect("db", succeeds)).resolves.toBe("ok");
  });

  it("M3 admits three probes and refuses a thousand followers at once", async () => {
    const { baldur, clock } = await opened();
    await clock.advance(1000);
    let running = 0;
    const hang = () => {
      running++;
      return new Promise(() => undefined);
    };
    const calls = Array.from({ length: 1003 }, () =>
      baldur.protect("db", hang).catch((error: unknown) => error),
    );
    const settled = await Promise.all(calls.slice(3));
    expect(running).toBe(3);
    expect(settled.every((error) => error instanceof CircuitOpenError)).toBe(true);
  });

  it("M11 recovers from probes that never settle", async () => {
    const { baldur, clock, telemetry } = await opened({ probeTimeout: 5000 });
    await clock.advance(1000);
    for (let n = 0; n < 3; n++) void baldur.protect("db", () => new Promise(() => undefined));
    await clock.advance(5000);
    await baldur.protect("db", succeeds);
    await baldur.protect("db", succeeds);
    expect(baldur.circuit("db").state).toBe("closed");
    expect(telemetry.value("baldur_circuit_breaker_half_open_stuck_recovery_total")).toBe(3);
  });

  it("M2 44.4 is not reopened by calls that began before it recovered", async () => {
    const { baldur, clock } = testRuntime();
    const late: (() => void)[] = [];
    const slow = () => new Promise((_, reject) => late.push(() => reject(failure())));
    const stale = [1, 2].map(() => errorOf(baldur.protect("db", slow, at({}))));
    await errorOf(baldur.protect("db", fails, at({})));
    await clock.advance(1000);
    await baldur.protect("db", succeeds);
    await baldur.protect("db", succeeds);
    expect(baldur.circuit("db").state).toBe("closed");
    for (const fail of late) fail();
    await Promise.all(stale);
    expect(baldur.circuit("db").state).toBe("closed");
    expect(baldur.circuit("db").snapshot().window.failures).toBe(0);
  });

  it("is not closed by a late success of a call that began before it opened", async () => {
    const { baldur, clock } = testRuntime();
    let finish: (value: string) => void = () => undefined;
    const late = baldur.protect("db", () => new Promise<string>((resolve) => (finish = resolve)), at({}));
    await errorOf(baldur.protect("db", fails, at({})));
    finish("late");
    await expect(late).resolves.toBe("late");
    expect(baldur.circuit("db").state).toBe("open");
    await clock.advance(0);
  });

  it("#43.6 gives a probe's slot back when its caller aborts", async () => {
    const { baldur, clock } = await opened();
    await clock.advance(1000);
    for (let n = 0; n < 3; n++) {
      const controller = new AbortController();
      const aborted = errorOf(
        baldur.protect("db", () => new Promise(() => undefined), { ...at({}), signal: controller.signal }),
      );
      controller.abort();
      await aborted;
    }
    await expect(baldur.protect("db", succeeds)).resolves.toBe("ok");
  });

  it("M10 counts only what the dependency answered: neither refusals nor ignored errors", async () => {
    const { baldur } = testRuntime();
    const ignored = { classify: () => "ignored" as const };
    for (let n = 0; n < 50; n++) await errorOf(baldur.protect("db", fails, ignored));
    expect(baldur.circuit("db").snapshot().window).toEqual({
      calls: 0,
      failures: 0,
      slow: 0,
      rateLimited: 0,
    });
    for (let n = 0; n < 20; n++) await errorOf(baldur.protect("db", fails));
    expect(baldur.circuit("db").state).toBe("open");
    expect(baldur.circuit("db").snapshot().window.calls).toBe(0);
  });

  it("M14 takes a function that answers undefined at once", async () => {
    const { baldur } = testRuntime();
    await expect(baldur.protect("db", () => undefined)).resolves.toBeUndefined();
    expect(baldur.circuit("db").snapshot().window).toMatchObject({ calls: 1, failures: 0 });
  });

  it("counts slow calls, and opens when half of them are slow", async () => {
    const { baldur, clock } = testRuntime();
    const slow = () => new Promise<void>((resolve) => void clock.setTimeout(resolve, 101));
    for (let n = 0; n < 10; n++) {
      const call = baldur.protect("db", slow, { circuitBreaker: { slowCallDuration: 100 } });
      await clock.advance(101);
      await call;
    }
    expect(baldur.circuit("db").state).toBe("open");
  });

  it("44.4 a success resets the failures in a row", async () => {
    const { baldur } = testRuntime();
    const options = { circuitBreaker: { consecutiveFailureThreshold: 3 } };
    for (let n = 0; n < 2; n++) await errorOf(baldur.protect("db", fails, options));
    await baldur.protect("db", succeeds, options);
    for (let n = 0; n < 2; n++) await errorOf(baldur.protect("db", fails, options));
    expect(baldur.circuit("db").state).toBe("closed");
    await errorOf(baldur.protect("db", fails, options));
    expect(baldur.circuit("db").state).toBe("open");
  });

  it("has one outcome per call, however many attempts it took", async () => {
    const { baldur, clock } = testRuntime();
    const call = errorOf(baldur.protect("db", fails, { retry: { maxAttempts: 3 } }));
    await clock.advance(10_000);
    await call;
    expect(baldur.circuit("db").snapshot().window).toMatchObject({ calls: 1, failures: 1 });
  });

  it("is one for all ways to call its name", async () => {
    const { baldur } = testRuntime();
    const wrapped = baldur.protected("db", fails);
    await errorOf(wrapped());
    await errorOf(baldur.protect("db", fails));
    await baldur.protectWithMeta("db", fails);
    expect(baldur.circuit("db").snapshot().window).toMatchObject({ calls: 3, failures: 3 });
  });

  it("keeps the first options given for a name, and says once that others came", async () => {
    const { baldur, telemetry } = testRuntime();
    await errorOf(baldur.protect("db", fails, at({})));
    for (let n = 0; n < 2; n++)
      await errorOf(baldur.protect("db", fails, { circuitBreaker: { failureThreshold: 50 } }));
    expect(baldur.circuit("db").state).toBe("open");
    expect(telemetry.named("circuit_breaker.options_conflict")).toHaveLength(1);
  });

  it("is pinned before the first call, and goes by the options of that call", async () => {
    const { baldur, telemetry } = testRuntime();
    const by = { actor: "ana", reason: "maintenance" };
    const call = () => errorOf(baldur.protect("db", fails, at({ failureThreshold: 2, minimumCalls: 2 })));
    await baldur.circuit("db").forceOpen(by);
    expect(await call()).toMatchObject({ code: "ERR_BALDUR_CIRCUIT_OPEN" });
    await baldur.circuit("db").auto(by);
    for (let n = 0; n < 2; n++) await call();
    expect(baldur.circuit("db").state).toBe("open");
    expect(telemetry.named("circuit_breaker.options_conflict")).toHaveLength(0);
  });

  it("goes by the first options given, also after calls without any", async () => {
    const { baldur, clock, telemetry } = testRuntime();
    for (let n = 0; n < 4; n++) await errorOf(baldur.protect("db", fails));
    await baldur.protect("db", () => 1);
    await baldur.protect(
      "db",
      () => 1,
      at({ minimumCalls: 1, slowCallDuration: 10, slowCallRateThreshold: 1 }),
    );
    expect(baldur.circuit("db").snapshot().window).toMatchObject({ calls: 1, failures: 0 });
    const slow = baldur.protect("db", () => new Promise<void>((resolve) => clock.setTimeout(resolve, 20)));
    await clock.advance(20);
    await slow;
    expect(baldur.circuit("db").state).toBe("open");
    expect(telemetry.named("circuit_breaker.options_conflict")).toHaveLength(0);
  });

  it("is fixed beforehand by settings, which win over options in code", async () => {
    const overrides = { db: { failureThreshold: 1, minimumCalls: 1 } };
    const { baldur } = testRuntime({ settings: { circuitBreaker: { overrides } } });
    await errorOf(baldur.protect("db", fails, { circuitBreaker: { failureThreshold: 50 } }));
    expect(baldur.circuit("db").state).toBe("open");
  });

  it("warns about a minimum that the window can never hold, and lowers it", async () => {
    const { baldur, telemetry } = testRuntime();
    baldur.circuit("db", { minimumCalls: 50, slidingWindowSize: 10 });
    expect(telemetry.named("circuit_breaker.config_rate_trigger_unreachable")).toHaveLength(1);
    for (let n = 0; n < 10; n++) await errorOf(baldur.protect("db", fails));
    expect(baldur.circuit("db").state).toBe("open");
  });
});

describe("a circuit by hand", () => {
  const by = { actor: "ana", reason: "maintenance" };

  it("44.4 holds every call back while forced open, probes included, and expires after 90 minutes", async () => {
    const { baldur, clock, telemetry } = testRuntime();
    const result = await baldur.circuit("db").forceOpen(by);
    expect(result).toMatchObject({ success: true, previousState: "closed", state: "forced_open" });
    expect(result.expiresAt?.getTime()).toBe(clock.now() + 90 * 60_000);
    await clock.advance(90 * 60_000 - 1);
    expect(await errorOf(baldur.protect("db", succeeds))).toMatchObject({
      state: "forced_open",
      retryAfter: 1,
    });
    await clock.advance(1);
    await expect(baldur.protect("db", succeeds)).resolves.toBe("ok");
    expect(telemetry.named("circuit_breaker.manual_override_expired")).toHaveLength(1);
  });

  it("44.4 honours the ttl given, and 0 as until lifted", async () => {
    const { baldur, clock } = testRuntime();
    const circuit = baldur.circuit("db");
    await circuit.forceOpen({ ...by, ttl: 1000 });
    await clock.advance(1000);
    expect(circuit.state).toBe("open");
    await circuit.forceOpen({ ...by, ttl: 0 });
    await clock.advance(1e9);
    expect(circuit.state).toBe("forced_open");
    expect(circuit.snapshot().manual).toMatchObject({ state: "forced_open", ...by });
    await circuit.auto(by);
    expect(circuit.state).toBe("open");
  });

  it("goes on with its own wait when a pin is lifted", async () => {
    const { baldur, clock } = await opened();
    const circuit = baldur.circuit("db");
    await circuit.forceOpen(by);
    await clock.advance(400);
    await circuit.auto(by);
    expect(await errorOf(baldur.protect("db", succeeds))).toMatchObject({ state: "open", retryAfter: 600 });
  });

  it("44.4 an automatic rule never overrides an operator", async () => {
    const { baldur } = testRuntime();
    const circuit = baldur.circuit("db", { failureThreshold: 1, minimumCalls: 1 });
    await circuit.forceClose(by);
    for (let n = 0; n < 30; n++) await errorOf(baldur.protect("db", fails));
    expect(circuit.state).toBe("forced_closed");
    expect(circuit.snapshot().window.calls).toBe(0);
  });

  it("44.4 a reset clears the circuit instead of pinning it", async () => {
    const { baldur } = await opened();
    await baldur.circuit("db").reset(by);
    expect(baldur.circuit("db").snapshot()).toMatchObject({ state: "closed", window: { calls: 0 } });
    expect(baldur.circuit("db").snapshot().manual).toBeUndefined();
  });

  it("answers a bad ttl, and rejects without actor or reason", async () => {
    const { baldur } = testRuntime();
    const circuit = baldur.circuit("db");
    for (const ttl of [-1, 0.5, Number.NaN, 25 * 3_600_000, "1h" as unknown as number]) {
      await expect(circuit.forceOpen({ ...by, ttl })).resolves.toMatchObject({
        success: false,
        state: "closed",
      });
    }
    await expect(circuit.forceOpen({ actor: "", reason: "r" })).rejects.toThrow(/actor/);
    await expect(circuit.forceOpen({ actor: "a", reason: " " })).rejects.toThrow(/reason/);
  });

  it("is refused while the kill switch is off, unless overridden", async () => {
    const { baldur } = testRuntime();
    await baldur.control.disable({ actor: "ana", reason: "incident" });
    const circuit = baldur.circuit("db");
    await expect(circuit.forceOpen(by)).resolves.toMatchObject({ success: false });
    await expect(circuit.forceOpen({ ...by, overrideKillSwitch: true })).resolves.toMatchObject({
      success: true,
    });
  });
});

describe("a permit", () => {
  it("records one outcome, whatever is called on it", async () => {
    const { baldur } = testRuntime();
    const circuit = baldur.circuit("db");
    const permit = circuit.acquire();
    permit.failure();
    permit.success();
    permit.failure();
    expect(circuit.snapshot().window).toMatchObject({ calls: 1, failures: 1 });
  });

  it("takes what the error says: an answer 429 is no failure, a refusal is nothing", () => {
    const { baldur } = testRuntime();
    const circuit = baldur.circuit("db");
    circuit.acquire().failure({ status: 429 });
    circuit.acquire().failure(new CircuitOpenError({ name: "inner", state: "open" }));
    circuit.acquire().failure(new Error("down"));
    expect(circuit.snapshot().window).toEqual({ calls: 3, failures: 2, slow: 0, rateLimited: 1 });
  });

  it("is refused by an open circuit, and is a probe of a half-open one", async () => {
    const { baldur, clock } = await opened();
    const circuit = baldur.circuit("db");
    expect(() => circuit.acquire()).toThrow(CircuitOpenError);
    await clock.advance(1000);
    circuit.acquire().ignore();
    circuit.acquire().success();
    circuit.acquire().success();
    expect(circuit.state).toBe("closed");
  });
});

describe("many circuits", () => {
  it("44.4 keeps at most so many: the least recently used idle ones leave, open ones stay", async () => {
    const { baldur, telemetry } = testRuntime({ settings: { circuitBreaker: { maxBreakers: 100 } } });
    await errorOf(baldur.protect("open", fails, at({})));
    for (let n = 0; n < 1000; n++) await baldur.protect(`name-${n}`, succeeds);
    expect(baldur.circuits().length).toBeLessThanOrEqual(100);
    expect(baldur.circuit("open").state).toBe("open");
    expect(telemetry.value("baldur_circuit_breaker_evicted_total")).toBeGreaterThan(800);
  });

  it("lets circuits leave that opened once and that nobody came back to", async () => {
    const { baldur, clock } = testRuntime({ settings: { circuitBreaker: { maxBreakers: 10 } } });
    for (let n = 0; n < 10; n++) await errorOf(baldur.protect(`tripped-${n}`, fails, at({})));
    await clock.advance(1000);
    await errorOf(baldur.protect("new-1", fails, at({})));
    await expect(baldur.protect("new-2", succeeds)).resolves.toBe("ok");
  });

  it("pins nothing that other names share", async () => {
    const { baldur } = testRuntime({ settings: { circuitBreaker: { maxBreakers: 1 } } });
    const busy = baldur.protect("a", () => turn().then(turn));
    const result = await baldur.circuit("b").forceOpen({ actor: "a", reason: "r" });
    expect(result).toMatchObject({ success: false, name: "b", state: "closed" });
    await busy;
  });

  it("shares one circuit when every one is busy, and says so once", async () => {
    const { baldur, telemetry } = testRuntime({ settings: { circuitBreaker: { maxBreakers: 2 } } });
    const busy = ["a", "b"].map((name) => baldur.protect(name, () => turn().then(turn)));
    await baldur.protect("c", succeeds);
    await baldur.protect("d", succeeds);
    expect(telemetry.named("circuit_breaker.overflow_in_use")).toHaveLength(1);
    await Promise.all(busy);
  });

  it("shows the shared circuit once, with those that have their own, and in the health", async () => {
    const { baldur } = testRuntime({
      settings: {
        circuitBreaker: { maxBreakers: 1, failureThreshold: 1, minimumCalls: 1 },
        health: { circuitsOpenThreshold: 1 },
      },
    });
    await baldur.start();
    const busy = baldur.protect("a", () => turn().then(turn));
    await errorOf(baldur.protect("b", fails));
    expect(await errorOf(baldur.protect("c", succeeds))).toBeInstanceOf(CircuitOpenError);
    expect(baldur.circuits().map(({ name, state }) => [name, state])).toEqual([
      ["(other names)", "open"],
      ["a", "closed"],
    ]);
    await expect(baldur.health.check()).resolves.toMatchObject({ status: "degraded" });
    await busy;
  });

  it("counts calls of names without room when it closes", async () => {
    const { baldur, clock } = testRuntime({ settings: { circuitBreaker: { maxBreakers: 1 } } });
    await baldur.start();
    for (const name of ["a", "b", "c"]) void baldur.protect(name, () => new Promise(() => undefined));
    const closing = baldur.close({ deadline: 100 });
    await clock.advance(200);
    expect((await closing).abandoned).toEqual(["a", "b", "c"]);
  });

  it("lists open circuits first, the longest open before the others", async () => {
    const { baldur, clock } = testRuntime();
    await baldur.protect("closed", succeeds);
    await errorOf(baldur.protect("second-to-open", succeeds).then(fails));
    await errorOf(baldur.protect("z-first", fails, at({})));
    await clock.advance(10);
    await errorOf(baldur.protect("a-later", fails, at({})));
    expect(
      baldur
        .circuits()
        .map(({ name }) => name)
        .slice(0, 2),
    ).toEqual(["z-first", "a-later"]);
    expect(baldur.circuits({ state: "open" })).toHaveLength(2);
  });
});
