import { describe, expect, it } from "@jest/globals";
import { dlqProtect, domainTag, idempotent, rateLimit } from "../../src/gates.js";
import * as baldur from "../../src/index.js";

class Shop {
  name = "shop";

  @baldur.protected("tc39-charge", { retry: false })
  async charge(amount: number): Promise<string> {
    return `${this.name}:${amount}`;
  }

  @idempotent({ operation: "tc39-refund", key: "id" })
  async refund(order: { id: number }): Promise<number> {
    return order.id;
  }

  @rateLimit({ maxRequests: 1 })
  limited(): string {
    return this.name;
  }

  @domainTag("payments")
  tagged(): string {
    return this.name;
  }

  @dlqProtect("tc39-kept")
  async kept(): Promise<string> {
    return this.name;
  }
}

describe("TC39 decorators", () => {
  it("keep `this`, the arguments, the name and the length of a method, and the original within reach", async () => {
    const shop = new Shop();
    await expect(shop.charge(5)).resolves.toBe("shop:5");
    expect([shop.charge.name, shop.charge.length]).toEqual(["charge", 1]);
    expect((shop.charge as unknown as { unprotected: unknown }).unprotected).toBeInstanceOf(Function);
  });

  it("work for every gate", async () => {
    const shop = new Shop();
    await expect(shop.refund({ id: 1 })).resolves.toBe(1);
    await expect(shop.refund({ id: 1 })).rejects.toMatchObject({ decision: "skip" });
    expect(shop.limited()).toBe("shop");
    expect(() => shop.limited()).toThrow(/rate limit/);
    expect(shop.tagged()).toBe("shop");
    await expect(shop.kept()).resolves.toBe("shop");
  });
});
