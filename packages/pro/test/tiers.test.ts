import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AdapterNotFoundError, CircuitOpenError, IdempotencyDuplicateError } from "@baldur/core";
import { getDlq } from "@baldur/pro-dlq";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { INERT, OSS, PRO, Running, TIERS } from "./tiers.js";

const DOWN = new Error("down");
const fails = async (): Promise<never> => {
  throw DOWN;
};
function times(this: { price: number }, n: number): number {
  return this.price * n;
}
const errorOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => "it did not reject",
    (error: unknown) => error,
  );
const DLQ = { dlq: true };
const TRIPS = { circuitBreaker: { failureThreshold: 2, minimumCalls: 2, recoveryTimeout: 1000 } };

describe.each(TIERS)("an application with $name", (tier) => {
  let app: Running;
  beforeEach(async () => {
    app = await Running.start(tier);
  });
  afterEach(() => app[Symbol.asyncDispose]());

  describe("gets the same answers:", () => {
    it("values, of functions that answer at once or later, with their arguments and `this`", async () => {
      const { baldur } = app;
      expect(await baldur.protect("a", () => 1, DLQ)).toBe(1);
      expect(await baldur.protect("a", async () => undefined, DLQ)).toBeUndefined();
      const shop = {
        price: 7,
        of: baldur.protected("b", times, DLQ),
      };
      expect(await shop.of(6)).toBe(42);
    });

    it("its own errors, untouched, whatever was thrown", async () => {
      const frozen = Object.freeze(new TypeError("frozen"));
      for (const thrown of [DOWN, frozen, "text", null, undefined, 0]) {
        const call = app.baldur.protect("a", () => Promise.reject(thrown), { ...DLQ, circuitBreaker: false });
        expect(await errorOf(call)).toBe(thrown);
      }
      expect(Reflect.ownKeys(DOWN).toSorted()).toEqual(["message", "stack"]);
    });

    it("the fallback's, and the first error where the fallback fails", async () => {
      const { baldur } = app;
      expect(await baldur.protect("a", fails, { ...DLQ, fallback: () => "cached" })).toBe("cached");
      const failing = { ...DLQ, fallback: () => Promise.reject(new Error("no cache")) };
      expect(await errorOf(baldur.protect("a", fails, failing))).toBe(DOWN);
    });

    it("those of attempts, and the last error when they run out", async () => {
      let attempts = 0;
      const flaky = async (): Promise<number> => {
        attempts++;
        return attempts < 3 ? fails() : attempts;
      };
      const retry = { maxAttempts: 3, baseDelay: 0 };
      const answer = app.baldur.protect("a", flaky, { ...DLQ, retry });
      await app.until(() => attempts === 3);
      expect(await answer).toBe(3);
      const refused = errorOf(app.baldur.protect("b", fails, { ...DLQ, retry }));
      await app.clock.advance(1000);
      expect(await refused).toBe(DOWN);
    });

    it("a deadline", async () => {
      const call = errorOf(
        app.baldur.protect("a", () => new Promise(() => undefined), { ...DLQ, timeout: 500 }),
      );
      await app.clock.advance(600);
      expect(await call).toMatchObject({ code: "ERR_BALDUR_TIMEOUT_POLICY", retryable: true });
    });

    it("work that is done once, with its result for whoever asks again", async () => {
      let runs = 0;
      const charge = () => `charge ${++runs}`;
      const once = { ...DLQ, idempotencyKey: () => "order-1" };
      expect(await app.baldur.protect("pay", charge, once)).toBe("charge 1");
      expect(await errorOf(app.baldur.protect("pay", charge, once))).toBeInstanceOf(
        IdempotencyDuplicateError,
      );
      const replaying = { idempotencyKey: () => "order-2", idempotency: { replayResult: true } };
      expect(await app.baldur.protect("pay", charge, replaying)).toBe("charge 2");
      expect(await app.baldur.protect("pay", charge, replaying)).toBe("charge 2");
      expect(runs).toBe(2);
    });

    it("circuits that open, refuse, and close when the dependency is back", async () => {
      const { baldur, clock } = app;
      const options = { ...DLQ, ...TRIPS };
      for (let n = 0; n < 2; n++) expect(await errorOf(baldur.protect("db", fails, options))).toBe(DOWN);
      expect(baldur.circuit("db").state).toBe("open");
      expect(await errorOf(baldur.protect("db", () => 1, options))).toBeInstanceOf(CircuitOpenError);
      await clock.advance(1100);
      for (let n = 0; n < 2; n++) expect(await baldur.protect("db", () => n, options)).toBe(n);
      expect(baldur.circuit("db").state).toBe("closed");
    });

    it("nothing but the function when it is switched off", async () => {
      await app.baldur.control.disable({ actor: "ana", reason: "incident" });
      const fallback = () => "cached";
      expect(await errorOf(app.baldur.protect("a", fails, { ...DLQ, fallback, retry: true }))).toBe(DOWN);
      expect(app.telemetry.value("baldur_dlq_discarded_total")).toBeUndefined();
    });

    it("records of calls that differ in nothing but what is kept", async () => {
      const { baldur } = app;
      const keys = (result: object): string[] => Object.keys(result).filter((key) => key !== "captured");
      const good = await baldur.protectWithMeta("a", () => 1, DLQ);
      expect(good).toEqual({
        outcome: "success",
        value: 1,
        attempts: [expect.anything()],
        duration: expect.any(Number),
        fallbackUsed: false,
      });
      const bad = await baldur.protectWithMeta("a", fails, DLQ);
      expect(bad).toMatchObject({ outcome: "failure", error: DOWN, fallbackUsed: false });
      expect(keys(bad)).toEqual(["outcome", "error", "attempts", "duration", "fallbackUsed"]);
      expect(bad.captured?.id).toEqual(tier.isPro ? expect.any(String) : undefined);
      const answered = await baldur.protectWithMeta("a", fails, { ...DLQ, fallback: () => 2 });
      expect(answered).toMatchObject({ outcome: "fallback", value: 2, fallbackUsed: true });
      expect(answered.captured).toBeUndefined();
    });
  });

  it("is told the truth by its posture", () => {
    const { tier: name, storage, entitlement, plugins, degraded } = app.baldur.posture();
    expect({ name, storage, degraded }).toEqual({
      name: tier.isPro ? "pro" : "oss",
      storage: tier.isPro ? "embedded" : "memory",
      degraded: [],
    });
    expect(entitlement.status).toBe(tier.status);
    const queue = plugins.find(({ name: plugin }) => plugin === "@baldur/pro-dlq");
    if (!tier.isInstalled) expect(plugins).toEqual([]);
    else if (tier.isPro)
      expect(queue).toMatchObject({ name: "@baldur/pro-dlq", status: "active", licensed: true });
    else expect(queue).toMatchObject({ status: "inert", reason: expect.stringMatching(tier.reason ?? /./) });
  });

  it("is given the queue where one is at work, and told so where none is", () => {
    if (tier.isPro) expect(getDlq(app.baldur)).toMatchObject({ kind: "dlq" });
    else expect(() => getDlq(app.baldur)).toThrow(AdapterNotFoundError);
  });

  it("keeps its failed calls and does them again, or counts them and says so once", async () => {
    const { baldur, telemetry } = app;
    let isDown = true;
    const charged: number[] = [];
    const charge = async ({ order }: { order: number }): Promise<void> => {
      if (isDown) throw DOWN;
      charged.push(order);
    };
    const protectedCharge = baldur.protected("charge", charge, { ...DLQ, ...TRIPS });
    for (const order of [1, 2, 3]) await errorOf(protectedCharge({ order }));
    isDown = false;
    await app.clock.advance(1100);
    for (const order of [4, 5]) await protectedCharge({ order });
    if (tier.isPro) {
      await app.until(() => charged.length === 5);
      const replayed = (): number =>
        telemetry
          .named("dlq_replay.batch_completed")
          .reduce((sum, { payload }) => sum + Number(payload["success_count"]), 0);
      await app.until(() => replayed() >= 3);
      expect(await getDlq(baldur).facets()).toMatchObject({ byStatus: { resolved: 3 } });
      expect(telemetry.named("protect.dlq_requested_without_backing")).toEqual([]);
      expect(telemetry.value("baldur_dlq_discarded_total")).toBeUndefined();
    } else {
      await app.until(() => app.clock.now() > 120_000);
      expect(telemetry.named("protect.dlq_requested_without_backing")).toHaveLength(1);
      expect(telemetry.value("baldur_dlq_discarded_total")).toBe(3);
    }
    expect(charged.toSorted()).toEqual(tier.isPro ? [1, 2, 3, 4, 5] : [4, 5]);
  });
});

const events = ({ telemetry }: Running): string[] =>
  telemetry.events
    .map(({ name, level }) => `${level} ${name}`)
    .filter((name) => !/ (?:plugins|entitlement)\./.test(name));

/** A day in the life, as far as an operator sees it. */
async function live({ baldur, clock }: Running): Promise<void> {
  const options = { ...DLQ, ...TRIPS, domain: "payments" };
  for (let n = 0; n < 4; n++) await errorOf(baldur.protect("db", fails, options));
  await clock.advance(1100);
  for (let n = 0; n < 2; n++) await baldur.protect("db", () => n, options);
  await errorOf(baldur.protect("pay", () => 1, { idempotencyKey: () => "k" }));
  await errorOf(baldur.protect("pay", () => 1, { idempotencyKey: () => "k" }));
}

describe.each(INERT)("inert, because of $name,", (tier) => {
  it("the commercial packages are as good as not installed: for calls, operators, metrics and the disk", async () => {
    await using bare = await Running.start(OSS);
    await using inert = await Running.start(tier);
    for (const app of [bare, inert]) await live(app);
    expect(events(inert)).toEqual(events(bare));
    expect(inert.warnings.filter((event) => !event.startsWith("entitlement."))).toEqual(bare.warnings);
    const own = ({ name }: { name: string }): boolean => !name.startsWith("baldur_entitlement");
    const metrics = (app: Running): string[] =>
      app.baldur.telemetry
        .metrics()
        .filter(own)
        .map(({ name }) => name);
    expect(metrics(inert)).toEqual(metrics(bare));
    expect(inert.telemetry.named("plugins.plugin_inert")).toHaveLength(1);
    expect(inert.files()).toEqual([]);
    expect(inert.baldur.slots.rows().filter(({ provider }) => provider !== undefined)).toEqual([]);
  });
});

describe("the store", () => {
  it("is in the state folder of the application, where the licence holds", async () => {
    await using app = await Running.start(PRO);
    expect(app.files()).toEqual(expect.arrayContaining([expect.stringMatching(/^state\/.*state\.lmdb$/)]));
  });

  it("outlives the licence where its folder is named, in production too: work that was done stays done", async () => {
    const folder = mkdtempSync(join(tmpdir(), "baldur-data-"));
    try {
      const env = { BALDUR_ENVIRONMENT: "production", BALDUR_DATA_DIR: join(folder, "data") };
      const once = { idempotencyKey: () => "order-1" };
      for (const tier of [PRO, ...INERT]) {
        await using app = await Running.start(tier, { env });
        const answer = await errorOf(app.baldur.protect("pay", () => 1, once));
        if (tier.isPro) expect(answer).toBe("it did not reject");
        else expect(answer).toBeInstanceOf(IdempotencyDuplicateError);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
