import { describe, expect, it } from "@jest/globals";
import { IdempotencyDuplicateError } from "../../src/idempotency/errors.js";
import { errorOf, fails, failure, succeeds, testRuntime } from "../runtime.js";

const KEY = { idempotencyKey: "orderId", context: { orderId: 7 } };

describe("an idempotency key", () => {
  it("lets work be done once: a duplicate of what was done is refused, and not as an error of the dependency", async () => {
    const { baldur } = testRuntime();
    let runs = 0;
    await baldur.protect("charge", () => ++runs, KEY);
    const error = await errorOf(
      baldur.protect("charge", () => ++runs, { ...KEY, fallback: () => 0, dlq: true }),
    );
    expect(error).toBeInstanceOf(IdempotencyDuplicateError);
    expect(error).toMatchObject({ key: "charge:7", decision: "skip" });
    expect(runs).toBe(1);
    expect(baldur.circuit("charge").snapshot().window).toMatchObject({ calls: 1, failures: 0 });
  });

  it("refuses a duplicate while the first one runs", async () => {
    const { baldur } = testRuntime();
    let finish: (value: string) => void = () => undefined;
    const first = baldur.protect("charge", () => new Promise<string>((resolve) => (finish = resolve)), KEY);
    expect(await errorOf(baldur.protect("charge", succeeds, KEY))).toMatchObject({ decision: "abort" });
    finish("done");
    await expect(first).resolves.toBe("done");
  });

  it("lets failed work be done again", async () => {
    const { baldur } = testRuntime();
    await errorOf(baldur.protect("charge", fails, KEY));
    await expect(baldur.protect("charge", succeeds, KEY)).resolves.toBe("ok");
  });

  it("44.4 claims once for all attempts of a call", async () => {
    const { baldur, clock } = testRuntime();
    let attempts = 0;
    const call = baldur.protect("charge", () => (++attempts < 3 ? fails() : "ok"), { ...KEY, retry: true });
    await clock.advance(10_000);
    await expect(call).resolves.toBe("ok");
    expect(attempts).toBe(3);
  });

  it("#43.2 is not completed by a fallback's answer", async () => {
    const { baldur } = testRuntime();
    await expect(baldur.protect("charge", fails, { ...KEY, fallback: () => "later" })).resolves.toBe("later");
    await expect(baldur.protect("charge", succeeds, KEY)).resolves.toBe("ok");
  });

  it("44.4 is completed only when the function's promise has resolved", async () => {
    const { baldur } = testRuntime();
    const call = baldur.protect("charge", () => Promise.reject(failure()), KEY);
    await errorOf(call);
    await expect(baldur.protect("charge", succeeds, KEY)).resolves.toBe("ok");
  });

  it("stays claimed after a timeout until its window ends: the function may still have its effect", async () => {
    const { baldur, clock } = testRuntime();
    const options = { ...KEY, timeout: 100, idempotency: { executionTtl: 60_000 } };
    const call = errorOf(baldur.protect("charge", () => new Promise(() => undefined), options));
    await clock.advance(100);
    await call;
    expect(await errorOf(baldur.protect("charge", succeeds, KEY))).toMatchObject({ decision: "abort" });
    await clock.advance(66_000);
    await expect(baldur.protect("charge", succeeds, KEY)).resolves.toBe("ok");
  });

  it("is free again when the call was given up while nothing ran: in a wait between attempts", async () => {
    const { baldur, clock } = testRuntime();
    const call = errorOf(baldur.protect("charge", fails, { ...KEY, retry: true, timeout: 500 }));
    await clock.advance(500);
    expect(await call).toMatchObject({ code: "ERR_BALDUR_TIMEOUT_POLICY" });
    await expect(baldur.protect("charge", succeeds, KEY)).resolves.toBe("ok");
  });

  it("#43.4 is completed by a function that succeeds after its call was given up", async () => {
    const { baldur, clock } = testRuntime();
    let finish: (value: string) => void = () => undefined;
    const work = () => new Promise<string>((resolve) => (finish = resolve));
    const call = errorOf(baldur.protect("charge", work, { ...KEY, timeout: 100 }));
    await clock.advance(100);
    await call;
    finish("after all");
    await clock.advance(0);
    expect(await errorOf(baldur.protect("charge", succeeds, KEY))).toMatchObject({ decision: "skip" });
  });

  it("#43.3 cannot be stolen by a newcomer with a shorter window", async () => {
    const { baldur, clock } = testRuntime();
    void baldur.protect("charge", () => new Promise(() => undefined), {
      ...KEY,
      idempotency: { executionTtl: 600_000 },
    });
    await clock.advance(300_000);
    const options = { ...KEY, idempotency: { executionTtl: 1000 } };
    expect(await errorOf(baldur.protect("charge", succeeds, options))).toMatchObject({ decision: "abort" });
  });

  it("answers a duplicate with the first result where that is asked for", async () => {
    const { baldur } = testRuntime();
    const options = { ...KEY, idempotency: { replayResult: true } };
    await baldur.protect("charge", () => ({ receipt: 9 }), options);
    await expect(baldur.protect("charge", () => ({ receipt: 10 }), options)).resolves.toEqual({ receipt: 9 });
  });

  it("is refused before any work when it identifies nothing", async () => {
    const { baldur } = testRuntime();
    for (const orderId of [undefined, null, "", {}, Number.NaN]) {
      const context = { orderId } as never;
      expect(
        await errorOf(baldur.protect("charge", succeeds, { idempotencyKey: "orderId", context })),
      ).toMatchObject({
        code: "ERR_BALDUR_CONFIGURATION",
      });
    }
    await expect(baldur.protect("charge", succeeds, { idempotencyKey: () => "whole-key" })).resolves.toBe(
      "ok",
    );
  });

  it("is taken from the arguments of a wrapped function", async () => {
    const { baldur } = testRuntime();
    const charge = baldur.protected("charge", async (order: { orderId: number }) => order.orderId, {
      idempotencyKey: "orderId",
    });
    await expect(charge({ orderId: 1 })).resolves.toBe(1);
    await expect(charge({ orderId: 2 })).resolves.toBe(2);
    expect(await errorOf(charge({ orderId: 1 }))).toBeInstanceOf(IdempotencyDuplicateError);
  });

  it("44.4 guards nothing in production by what only one process remembers: closed, or open where asked", async () => {
    const { baldur, telemetry } = testRuntime({ env: { BALDUR_ENVIRONMENT: "production" } });
    let ran = 0;
    expect(await errorOf(baldur.protect("charge", () => ++ran, KEY))).toMatchObject({
      code: "ERR_BALDUR_IDEMPOTENCY_UNAVAILABLE",
    });
    expect(ran).toBe(0);
    await expect(
      baldur.protect("charge", () => ++ran, { ...KEY, idempotency: { failOpen: true } }),
    ).resolves.toBe(1);
    expect(telemetry.named("idempotency.guard_check_failed")).toHaveLength(2);
  });
});
