import { describe, expect, it } from "@jest/globals";
import { idempotent, rateLimit } from "../../src/gates.js";
import * as baldur from "../../src/index.js";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Fails to compile where the types differ. */
function same<A, B>(_: Equal<A, B>): void {
  // The compiler is the test.
}

interface Order {
  readonly id: number;
}

describe("the types", () => {
  it("infer what a call resolves to, and keep the arguments of what is wrapped", async () => {
    const call = baldur.protect("types", async () => 5);
    same<typeof call, Promise<number>>(true);
    const withFallback = baldur.protect("types", () => "a", { fallback: () => "b" });
    same<typeof withFallback, Promise<string>>(true);
    const meta = await baldur.protectWithMeta("types", () => ({ a: 1 }));
    same<typeof meta.value, { a: number } | undefined>(true);
    const wrapped = baldur.protected("types", async (order: Order, note?: string) => `${order.id}${note}`);
    same<Parameters<typeof wrapped>, [order: Order, note?: string | undefined]>(true);
    same<ReturnType<typeof wrapped>, Promise<string>>(true);
    const limited = rateLimit({ maxRequests: 5 })((n: number) => n > 1);
    same<ReturnType<typeof limited>, boolean>(true);
    const once = idempotent({ operation: "types", key: "id" })((order: Order) => order.id);
    same<ReturnType<typeof once>, Promise<number>>(true);
    const tagged = baldur.domain("types", () => 3 as const);
    same<typeof tagged, 3>(true);
    await Promise.all([call, withFallback]);
    expect(meta.value).toEqual({ a: 1 });
  });

  it("refuse what is wrong", () => {
    const never = (): void => {
      // @ts-expect-error a fallback answers the same kind of value
      void baldur.protect("types", () => 5, { fallback: () => "text" });
      // @ts-expect-error there is no such option
      void baldur.protect("types", () => 5, { tiemout: 5 });
      // @ts-expect-error milliseconds are a number
      void baldur.protect("types", () => 5, { timeout: "5s" });
      // @ts-expect-error the arguments are those of the function
      void baldur.protected("types", (n: number) => n)("text");
      // @ts-expect-error leaving a dry run is confirmed
      void baldur.createBaldur().control.disableDryRun({ actor: "a" });
    };
    expect(never).toBeInstanceOf(Function);
  });
});
