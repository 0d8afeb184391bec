import type { Entitlement } from "@baldur/core";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { verdictOn } from "../src/verify.js";
import { corpus, key } from "./corpus.js";
import { envelope, NOON, token } from "./tokens.js";

const keys = [key.pinned];
const RUNS = process.env["BALDUR_SOAK"] === "1" ? 50_000 : 1000;

const isRefusal = ({ status, reason }: Entitlement): boolean =>
  status !== "active" && typeof reason === "string" && reason.length > 10;

/** Stretches of a token long enough to be of use to anyone. */
const partsOf = (given: unknown): string[] =>
  typeof given === "string" ? (given.match(/[\w+/=]{16}/g) ?? []) : [];

describe("corrupt licences", () => {
  const corrupt = corpus().map(([what, given]) => ({ what, given, verdict: verdictOn(given, NOON, keys) }));

  it("are many, beside one that is not", () => {
    expect(corrupt.length).toBeGreaterThanOrEqual(300);
    expect(verdictOn(token(key), NOON, keys).status).toBe("active");
    expect(verdictOn(JSON.stringify(envelope(key)), NOON, keys).status).toBe("active");
  });

  it("are refused, all of them, with a reason and without an exception", () => {
    const accepted = corrupt.filter(({ verdict }) => !isRefusal(verdict)).map(({ what }) => what);
    expect(accepted).toEqual([]);
  });

  it("are never quoted in the reason", () => {
    const telling = corrupt.filter(({ given, verdict }) =>
      partsOf(given).some((part) => verdict.reason?.includes(part)),
    );
    expect(telling).toEqual([]);
  });
});

describe("whatever is given", () => {
  it.each([
    ["text", fc.string({ unit: "binary", maxLength: 500 })],
    ["JSON", fc.json()],
    ["JSON in base64", fc.json().map((json) => Buffer.from(json).toString("base64"))],
    ["base64", fc.base64String()],
    ["anything at all", fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true })],
    [
      "something like a licence",
      fc
        .record({
          alg: fc.constantFrom("ed25519", "none"),
          payload: fc.anything(),
          signature: fc.base64String(),
        })
        .map((value) => attempt(value)),
    ],
  ])("%s is refused without an exception", (_, arbitrary) => {
    fc.assert(
      fc.property(arbitrary as fc.Arbitrary<unknown>, (given) => isRefusal(verdictOn(given, NOON, keys))),
      { numRuns: RUNS },
    );
  });

  it("is at whatever time", () => {
    fc.assert(
      fc.property(fc.anything(), (now) => {
        const { status } = verdictOn("e30=", now as number, keys);
        return status === "invalid";
      }),
      { numRuns: RUNS },
    );
  });
});

function attempt(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return "{}"; // a value that has no JSON
  }
}
