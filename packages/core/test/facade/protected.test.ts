import { describe, expect, it } from "@jest/globals";
import { Runtime } from "../../src/baldur.js";
import type { FailedOperation } from "../../src/failure-capture/operation.js";
import { errorOf, fails, SILENT, testRuntime } from "../runtime.js";

describe("protected", () => {
  it("wraps a function: same arguments, `this`, name and length", async () => {
    const { baldur } = testRuntime();
    const shop = {
      currency: "EUR",
      charge: baldur.protected(
        "charge",
        function charge(this: { currency: string }, amount: number, _note: string) {
          return `${amount} ${this.currency}`;
        },
      ),
    };
    await expect(shop.charge(5, "x")).resolves.toBe("5 EUR");
    expect([shop.charge.name, shop.charge.length]).toEqual(["charge", 2]);
    expect(shop.charge.unprotected).toBeInstanceOf(Function);
  });

  it("passes any number of arguments", async () => {
    const { baldur } = testRuntime();
    const list = baldur.protected("list", (...all: number[]) => all);
    for (const args of [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4, 5]]) {
      await expect(list(...args)).resolves.toEqual(args);
    }
  });

  it("takes the context from its first argument, or as told", async () => {
    const { baldur } = testRuntime();
    const key = { idempotencyKey: "orderId" };
    const byField = baldur.protected("a", async (order: { orderId: number }) => order.orderId, key);
    await byField({ orderId: 1 });
    expect(await errorOf(byField({ orderId: 1 }))).toMatchObject({ key: "a:1" });
    const byTuple = baldur.protected("b", async (id: number, _: string) => id, {
      ...key,
      contextFrom: (id) => ({ orderId: id }),
    });
    await byTuple(1, "x");
    expect(await errorOf(byTuple(1, "y"))).toMatchObject({ key: "b:1" });
    const byKey = baldur.protected("c", async (id: number) => id, { idempotencyKey: (id) => `whole-${id}` });
    await byKey(1);
    expect(await errorOf(byKey(1))).toMatchObject({ key: "whole-1" });
    expect(() => baldur.protected("d", fails, { ...key, contextFrom: false })).toThrow(/contextFrom/);
  });

  it("is its own replay handler when it keeps failed calls, unless one is registered", async () => {
    const runtime = new Runtime({ env: {}, logger: SILENT });
    const charge = async (amount: number) => `charged ${amount}`;
    runtime.protected("charge", charge, { dlq: true });
    const operation = { id: "op", name: "charge", requestData: { args: [5] } } as unknown as FailedOperation;
    await expect(runtime.replayHandlers.get("charge")?.replay(operation)).resolves.toBe("charged 5");
    const handler = runtime.onReplay("charge", () => "mine");
    expect(runtime.replayHandlers.get("charge")?.replay(operation)).toBe("mine");
    expect(() => runtime.onReplay("charge", () => "again")).toThrow(/already/);
    handler[Symbol.dispose]();
    expect(() => runtime.onReplay("charge", 5 as never)).toThrow(/handler/);
  });

  it("never replays one function's calls by another that was wrapped under its name, nor a method without its object", () => {
    const runtime = new Runtime({ env: {}, logger: SILENT });
    runtime.protected("payments", async function charge() {}, { dlq: true });
    runtime.protected("payments", async function refund() {}, { dlq: true });
    expect(runtime.replayHandlers.get("payments")).toBeUndefined();
    class Shop {
      @runtime.protected("orders", { dlq: true })
      async order(): Promise<void> {}
    }
    expect(new Shop().order).toBeInstanceOf(Function);
    expect(runtime.replayHandlers.get("orders")).toBeUndefined();
  });
});
