import { createDependency } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import { CircuitOpenError } from "../../src/circuit-breaker/errors.js";
import { IdempotencyDuplicateError } from "../../src/idempotency/errors.js";
import { TimeoutPolicyError } from "../../src/pipeline/errors.js";
import { errorOf, fails, failure, succeeds, testRuntime, turn } from "../runtime.js";

const OPS = { actor: "ops", reason: "incident 7" };
const circuitBreaker = { failureThreshold: 1, minimumCalls: 1, recoveryTimeout: 1000 };
const retry = { maxAttempts: 3, baseDelay: 100 };

async function disabled() {
  const runtime = testRuntime();
  await runtime.baldur.control.disable(OPS);
  return runtime;
}
async function dry() {
  const runtime = testRuntime();
  await runtime.baldur.control.enableDryRun({ actor: "ops" });
  return runtime;
}

describe("while the kill switch is off", () => {
  it("#43.5 a circuit does not trip", async () => {
    const { baldur } = await disabled();
    for (let n = 0; n < 20; n++) await errorOf(baldur.protect("db", fails, { circuitBreaker }));
    expect(baldur.circuit("db").state).toBe("disabled");
    await baldur.control.enable({ actor: "ops" });
    expect(baldur.circuit("db").state).toBe("closed");
  });

  it("#43.5 an open circuit does not block, and is open still when it is on again", async () => {
    const { baldur } = testRuntime();
    await errorOf(baldur.protect("db", fails, { circuitBreaker }));
    await baldur.control.disable(OPS);
    await expect(baldur.protect("db", succeeds, { circuitBreaker })).resolves.toBe("ok");
    await expect(baldur.protect("db", succeeds)).resolves.toBe("ok");
    await baldur.control.enable({ actor: "ops" });
    await expect(errorOf(baldur.protect("db", succeeds))).resolves.toBeInstanceOf(CircuitOpenError);
  });

  it("#43.5 a permit taken by hand neither blocks nor trips", async () => {
    const { baldur } = await disabled();
    const circuit = baldur.circuit("db", circuitBreaker);
    for (let n = 0; n < 20; n++) circuit.acquire().failure(failure());
    await baldur.control.enable({ actor: "ops" });
    expect(circuit.state).toBe("closed");
  });

  it("#43.5 a call under way when it was turned off does not trip the circuit", async () => {
    const { baldur } = testRuntime();
    let fail: (error: Error) => void = () => undefined;
    const call = errorOf(
      baldur.protect("db", () => new Promise((_, reject) => (fail = reject)), { circuitBreaker }),
    );
    await turn();
    await baldur.control.disable(OPS);
    fail(failure());
    await call;
    await baldur.control.enable({ actor: "ops" });
    expect(baldur.circuit("db").state).toBe("closed");
  });

  it("#43.5 the function runs once: no retry, no fallback, and its own error", async () => {
    const { baldur, telemetry } = await disabled();
    const error = failure("down");
    const dependency = createDependency({ kind: "fail", error });
    const call = baldur.protect("db", dependency.call, { retry, fallback: () => "instead" });
    await expect(errorOf(call)).resolves.toBe(error);
    expect(dependency.calls).toBe(1);
    expect(telemetry.events.filter(({ name }) => /^(retry|fallback|circuit_breaker)\./.test(name))).toEqual(
      [],
    );
  });

  it("#43.5 a call that waits for its retry does not run again", async () => {
    const { baldur, clock } = testRuntime();
    const dependency = createDependency({ kind: "fail" });
    const call = errorOf(
      baldur.protect("db", dependency.call, { retry: { maxAttempts: 5, baseDelay: 100 } }),
    );
    await turn();
    await baldur.control.disable(OPS);
    await clock.advance(60_000);
    await call;
    expect(dependency.calls).toBeLessThanOrEqual(2);
  });

  it("#43.5 calls that were made before are under it too: wrapped, repeated and with meta", async () => {
    const { baldur, clock } = testRuntime();
    const dependency = createDependency({ kind: "fail" });
    const wrapped = baldur.protected("db", dependency.call, { retry });
    const first = errorOf(wrapped());
    await clock.advance(10_000);
    await first;
    expect(dependency.calls).toBe(3);
    await baldur.control.disable(OPS);
    await errorOf(wrapped());
    expect(dependency.calls).toBe(4);
    const { attempts } = await baldur.protectWithMeta("db", dependency.call, { retry });
    expect([dependency.calls, attempts.length]).toEqual([5, 1]);
  });

  it("an explicit timeout still holds", async () => {
    const { baldur, clock } = await disabled();
    const dependency = createDependency({ kind: "hang" });
    const call = errorOf(baldur.protect("db", dependency.call, { timeout: 1000 }));
    await clock.advance(1000);
    await expect(call).resolves.toBeInstanceOf(TimeoutPolicyError);
    expect(dependency.aborted).toBe(1);
  });

  it("idempotency still holds", async () => {
    const { baldur } = await disabled();
    const dependency = createDependency();
    const pay = () => baldur.protect("pay", dependency.call, { idempotencyKey: () => "order-1" });
    await pay();
    await expect(errorOf(pay())).resolves.toBeInstanceOf(IdempotencyDuplicateError);
    expect(dependency.calls).toBe(1);
  });

  it("the caller's own abort still ends the call", async () => {
    const { baldur } = await disabled();
    const abort = new AbortController();
    const call = errorOf(
      baldur.protect("db", createDependency({ kind: "hang" }).call, { signal: abort.signal }),
    );
    await turn();
    abort.abort(failure("enough"));
    await expect(call).resolves.toMatchObject({ message: "enough" });
  });
});

describe("in a dry run", () => {
  const suppressed = (runtime: ReturnType<typeof testRuntime>) =>
    runtime.telemetry
      .named("execution_mode.intervention_suppressed")
      .map(({ payload }) => payload["intervention"]);

  it("an open circuit lets calls pass and says that it would not have", async () => {
    const runtime = await dry();
    const { baldur } = runtime;
    await errorOf(baldur.protect("db", fails, { circuitBreaker }));
    expect(baldur.circuit("db").state).toBe("open");
    await expect(baldur.protect("db", succeeds, { circuitBreaker })).resolves.toBe("ok");
    expect(suppressed(runtime)).toEqual(["circuit_breaker"]);
  });

  it("a retry and a fallback are decided on, reported and not applied", async () => {
    const runtime = await dry();
    const error = failure("down");
    const dependency = createDependency({ kind: "fail", error });
    const call = runtime.baldur.protect("db", dependency.call, { retry, fallback: () => "instead" });
    await expect(errorOf(call)).resolves.toBe(error);
    expect(dependency.calls).toBe(1);
    expect(suppressed(runtime).sort()).toEqual(["fallback", "retry"]);
  });

  it("a call that succeeds suppresses nothing", async () => {
    const runtime = await dry();
    await runtime.baldur.protect("db", succeeds, { retry, fallback: () => "instead", circuitBreaker });
    expect(suppressed(runtime)).toEqual([]);
  });

  it("the kill switch wins: nothing is decided at all", async () => {
    const runtime = await dry();
    await runtime.baldur.control.disable(OPS);
    await errorOf(runtime.baldur.protect("db", fails, { retry, fallback: () => "instead" }));
    expect(suppressed(runtime)).toEqual([]);
  });
});
