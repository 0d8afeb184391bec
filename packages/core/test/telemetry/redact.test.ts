import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { redact } from "../../src/telemetry/redact.js";

describe("redaction", () => {
  it.each([
    ...["password", "Passwd", "dbPassword", "passphrase", "pass"],
    ...[
      "secret",
      "clientSecret",
      "token",
      "access_token",
      "tokens",
      "Authorization",
      "apiKey",
      "API_KEY",
      "x-api_key",
    ],
    ...["privateKey", "credentials", "cookie", "Set-Cookie", "cardNumber", "card_number", "cvv", "ssn"],
  ])("masks what is named %s, wherever it lies and whatever it is", (name) => {
    expect(redact({ [name]: "s3cret" })).toEqual({ [name]: "***" });
    const nested = { list: [{ deep: { [name]: { inner: "s3cret" } } }], map: new Map([[name, "s3cret"]]) };
    expect(redact(nested)).toEqual({ list: [{ deep: { [name]: "***" } }], map: { [name]: "***" } });
  });

  it.each([
    ...["x-api-key", "private-key", "card-number"],
    ...["db_pwd", "passwords", "password_hash", "newPassword2"],
  ])("masks what is named %s, as headers and columns are", (name) => {
    expect(redact({ [name]: "s3cret" })).toEqual({ [name]: "***" });
  });

  it.each(["order", "name", "passenger", "compass_reading", "author", "key", "card"])(
    "shows what is named %s",
    (name) => {
      expect(redact({ [name]: "shown" })).toEqual({ [name]: "shown" });
    },
  );

  it("names a cycle, and shows what is only repeated", () => {
    const shared = { a: 1 };
    const cyclic: Record<string, unknown> = { one: shared, two: shared };
    cyclic["self"] = cyclic;
    cyclic["list"] = [cyclic];
    expect(redact(cyclic)).toEqual({
      one: { a: 1 },
      two: { a: 1 },
      self: "[circular]",
      list: ["[circular]"],
    });
  });

  it("names a getter that throws, and does not call one whose name is a secret's", () => {
    let called = false;
    const value = {
      get broken(): never {
        throw new Error("no");
      },
      get password() {
        called = true;
        return "s3cret";
      },
      fine: 1,
    };
    expect(redact(value)).toEqual({ broken: "[unreadable]", password: "***", fine: 1 });
    expect(called).toBe(false);
  });

  it("names a proxy that refuses everything", () => {
    const refuse = () => {
      throw new Error("no");
    };
    const proxy = new Proxy({}, { ownKeys: refuse, get: refuse, getPrototypeOf: refuse });
    expect(redact({ proxy })).toEqual({ proxy: "[unreadable]" });
  });

  it.each([
    ["a BigInt", 10n, "10"],
    ["NaN", Number.NaN, "NaN"],
    ["Infinity", Number.POSITIVE_INFINITY, "Infinity"],
    ["a function", () => 1, "[function]"],
    ["a symbol", Symbol("s"), "[symbol]"],
    ["a date", new Date(0), "1970-01-01T00:00:00.000Z"],
    ["an invalid date", new Date(Number.NaN), "[invalid date]"],
    ["an error", new TypeError("bad"), { name: "TypeError", message: "bad" }],
    ["a set", new Set([1, 2]), [1, 2]],
    ["null", null, null],
  ])("writes %s as JSON can hold it", (_, value, expected) => {
    expect(redact({ value })).toEqual({ value: expected });
  });

  it("bounds depth, width and length", () => {
    let deep: object = { end: true };
    for (let n = 0; n < 20; n++) deep = { deep };
    expect(JSON.stringify(redact(deep)).match(/"deep":/g)).toHaveLength(6);
    expect(JSON.stringify(redact(deep))).toContain("[too deep]");
    expect(redact(Array.from({ length: 500 }, () => 1))).toHaveLength(100);
    const wide = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`k${n}`, n]));
    expect(Object.keys(redact(wide) as object)).toHaveLength(100);
    expect(redact("x".repeat(20_000))).toHaveLength(10_001);
  });

  it("bounds what a long set and a long map may hold too", () => {
    const numbers = Array.from({ length: 500 }, (_, n) => n);
    expect(redact(new Set(numbers))).toHaveLength(100);
    expect(Object.keys(redact(new Map(numbers.map((n) => [`k${n}`, n]))) as object)).toHaveLength(100);
  });

  it("changes nothing in the original and answers something that JSON can hold, for any value", () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true }),
        (value) => {
          expect(() => JSON.stringify(redact(value))).not.toThrow();
        },
      ),
    );
  });
});
