import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { readIdempotencyKey } from "../../src/http/idempotency-key.js";
import { runs } from "../runtime.js";

const printable = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((c) => String.fromCharCode(c)),
});
/** As RFC 8941, 4.1.6 has it. */
const asString = (key: string): string => `"${key.replace(/["\\]/g, "\\$&")}"`;

describe("Idempotency-Key", () => {
  it("is a String of Structured Fields, whatever is in it", () => {
    fc.assert(
      fc.property(
        printable.filter(({ length }) => length > 0 && length <= 255),
        (key) => {
          expect(readIdempotencyKey(asString(key))).toEqual({ key });
          expect(readIdempotencyKey(` ${asString(key)};a=1 `)).toEqual({ key });
        },
      ),
      { numRuns: runs(200) },
    );
  });

  it.each([
    ["8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"],
    ['"clkyoesmbgybucifusbbtdsbohtyuuwz"', "clkyoesmbgybucifusbbtdsbohtyuuwz"],
    ["12345", "12345"],
    ["order/7:pay", "order/7:pay"],
    ["dGVzdA==", "dGVzdA=="],
  ])("%s is %s", (header, key) => expect(readIdempotencyKey(header)).toEqual({ key }));

  it.each([undefined, ""])("may be missing: %j", (header) => {
    expect(readIdempotencyKey(header)).toEqual({ problem: "missing" });
  });

  it.each([
    ...[
      '"',
      '""',
      '"a',
      'a"',
      '"a"b',
      '"a\\n"',
      '"a" "b"',
      '"a", "b"',
      "a, b",
      "a b",
      "a;b",
      "é",
      '"é"',
      '"\u0000"',
    ],
    ...[" ", "a".repeat(256), asString("a".repeat(256))],
  ])("is malformed: %s", (header) => {
    expect(readIdempotencyKey(header)).toEqual({ problem: "malformed" });
  });

  it("takes no list for a key", () =>
    expect(readIdempotencyKey(["a", "b"])).toEqual({ problem: "malformed" }));

  it("answers something for whatever comes, soon", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), (header) => {
        const given = readIdempotencyKey(header);
        if ("key" in given) expect(given.key).toMatch(/^[\x20-\x7e]{1,255}$/);
      }),
      { numRuns: runs(200) },
    );
    const began = performance.now();
    readIdempotencyKey(`"${"\\\\".repeat(30_000)}`);
    expect(performance.now() - began).toBeLessThan(1000);
  });
});
