import { describe, expect, it } from "@jest/globals";
import type { Plugin } from "../../src/plugins/plugin.js";
import { type FailedCall, failureRecorderSlot } from "../../src/slots/failure-recorder.js";
import { errorOf, fails, failure, succeeds, testRuntime } from "../runtime.js";

function recorder(captured: FailedCall[]): Plugin {
  return {
    name: "recorder",
    register: (context) =>
      context.fill(failureRecorderSlot, {
        kind: "test",
        capture: (operation) => {
          captured.push(operation);
          const id = `op-${captured.length}`;
          return { id, settled: Promise.resolve({ captured: true, id, where: "store" }) };
        },
      }),
  };
}

async function started() {
  const captured: FailedCall[] = [];
  const runtime = testRuntime({ plugins: [recorder(captured)] });
  await runtime.baldur.start();
  return { ...runtime, captured };
}

describe("failure capture without anything that keeps failed calls", () => {
  it("discards, counts by domain, and says so once", async () => {
    const { baldur, telemetry } = testRuntime();
    for (let n = 0; n < 3; n++) await errorOf(baldur.protect("x", fails, { dlq: true, domain: "Payments" }));
    expect(telemetry.named("protect.dlq_requested_without_backing")).toHaveLength(1);
    expect(telemetry.value("baldur_dlq_discarded_total", { domain: "payments" })).toBe(3);
  });
});

describe("failure capture", () => {
  it("#43.1 keeps one entry for a failure, with and without retry", async () => {
    const { baldur, clock, captured } = await started();
    await errorOf(baldur.protect("x", fails, { dlq: true }));
    expect(captured).toHaveLength(1);
    const call = errorOf(baldur.protect("x", fails, { dlq: true, retry: true }));
    await clock.advance(10_000);
    await call;
    expect(captured).toHaveLength(2);
    expect(captured[1]).toMatchObject({
      name: "x",
      outcome: "failure",
      domain: "default",
      failureType: "MAX_RETRIES_ERROR",
    });
    expect(captured[1]?.attempts).toHaveLength(3);
  });

  it("keeps timeouts and refusals, and neither duplicates, aborts nor what a fallback answered", async () => {
    const { baldur, clock, captured } = await started();
    const late = errorOf(baldur.protect("x", () => new Promise(() => undefined), { dlq: true, timeout: 10 }));
    await clock.advance(10);
    await late;
    const open = { circuitBreaker: { failureThreshold: 1, minimumCalls: 1 }, dlq: true };
    await errorOf(baldur.protect("y", fails, open));
    await errorOf(baldur.protect("y", succeeds, open));
    expect(captured.map(({ outcome }) => outcome)).toEqual(["timeout", "failure", "rejected"]);
    await baldur.protect("x", fails, { dlq: true, fallback: () => "f" });
    await errorOf(baldur.protect("x", fails, { dlq: true, signal: AbortSignal.abort() }));
    await baldur.protect("x", succeeds, { dlq: true, idempotencyKey: () => "k" });
    await errorOf(baldur.protect("x", succeeds, { dlq: true, idempotencyKey: () => "k" }));
    expect(captured).toHaveLength(3);
  });

  it("keeps what a fallback answered where that is asked for", async () => {
    const { baldur, captured } = await started();
    await expect(
      baldur.protect("x", fails, { dlq: { onFallback: "capture" }, fallback: () => "f" }),
    ).resolves.toBe("f");
    expect(captured).toMatchObject([{ outcome: "fallback", error: failure() }]);
  });

  it("keeps the arguments of a wrapped function, encoded, unless told not to", async () => {
    const { baldur, captured } = await started();
    const args = {
      encode: ([at]: [Date]) => [at.toISOString()],
      decode: ([at]: readonly unknown[]) => [new Date(String(at))] as [Date],
    };
    const wrapped = baldur.protected("x", async (_: Date): Promise<void> => fails(), { dlq: true, args });
    await errorOf(wrapped(new Date(0)));
    const bare = baldur.protected("y", async (_: number): Promise<void> => fails(), {
      dlq: { capture: "none" },
    });
    await errorOf(bare(1));
    expect(captured.map((call) => call.args)).toEqual([["1970-01-01T00:00:00.000Z"], undefined]);
  });

  it("tells the caller where the failed call went", async () => {
    const { baldur } = await started();
    const { captured } = await baldur.protectWithMeta("x", fails, { dlq: true });
    expect(captured?.id).toBe("op-1");
    await expect(captured?.settled).resolves.toMatchObject({ captured: true, where: "store" });
  });

  it("never lets a recorder that throws hide the caller's error", async () => {
    const throwing: Plugin = {
      name: "broken",
      register: (context) =>
        context.fill(failureRecorderSlot, {
          kind: "test",
          capture: () => {
            throw failure("recorder");
          },
        }),
    };
    const { baldur, telemetry } = testRuntime({ plugins: [throwing] });
    await baldur.start();
    const original = failure("original");
    expect(await errorOf(baldur.protect("x", () => Promise.reject(original), { dlq: true }))).toBe(original);
    expect(telemetry.named("dlq.capture_failed")).toHaveLength(1);
  });
});
