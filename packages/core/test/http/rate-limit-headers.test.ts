import type { ServerResponse } from "node:http";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { limitField, policyField, tellLimit } from "../../src/http/rate-limit-headers.js";
import { runs } from "../runtime.js";
import { parseList } from "./adapter/structured-fields.js";

const name = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((c) => String.fromCharCode(c)),
  minLength: 1,
});

const FREE = { wait: 0, remaining: 1, reset: 1000 };

/** As far as headers are concerned. */
function headers(): ServerResponse & { all: Record<string, unknown> } {
  const all: Record<string, unknown> = {};
  const getHeader = (field: string): unknown => all[field];
  const setHeader = (field: string, value: unknown): void => {
    all[field] = value;
  };
  return { all, getHeader, setHeader } as unknown as ReturnType<typeof headers>;
}

describe("the fields of rate limits", () => {
  it("are Lists of Structured Fields, whatever the limit is called", () => {
    fc.assert(
      fc.property(
        name,
        fc.nat(1e9),
        fc.integer({ min: 1, max: 1e9 }),
        fc.nat(1e6),
        (called, limit, window, remaining) => {
          const policy = { name: called, limit, window };
          expect(parseList(policyField(policy))).toEqual([
            { value: called, parameters: { q: limit, w: Math.ceil(window / 1000) } },
          ]);
          const field = limitField(policy, { wait: 0, remaining, reset: window });
          expect(parseList(field)).toEqual([
            { value: called, parameters: { r: remaining, t: Math.ceil(window / 1000) } },
          ]);
        },
      ),
      { numRuns: runs(200) },
    );
  });

  it("list every limit, and show the narrowest to clients that know one only", () => {
    const response = headers();
    const tell = (called: string, limit: number, remaining: number): void =>
      tellLimit(
        response,
        { name: called, limit, window: 60_000 },
        { wait: 0, remaining, reset: 5000 },
        1_000_000,
      );
    tell("wide", 100, 50);
    tell("narrow", 10, 2);
    tell("middle", 20, 9);
    expect(response.all).toEqual({
      "ratelimit-policy": '"wide";q=100;w=60, "narrow";q=10;w=60, "middle";q=20;w=60',
      ratelimit: '"wide";r=50;t=5, "narrow";r=2;t=5, "middle";r=9;t=5',
      "x-ratelimit-limit": 10,
      "x-ratelimit-remaining": 2,
      "x-ratelimit-reset": 1005,
    });
  });

  it("say that the limit is that of one process, while the store is away", () => {
    const response = headers();
    tellLimit(response, { name: "a", limit: 1, window: 1000 }, { ...FREE, emergency: true }, 0);
    expect(response.all["x-ratelimit-mode"]).toBe("emergency");
  });

  it("are read by a reader that knows what is wrong", () => {
    for (const bad of [
      "a;q=1",
      '"a";q=1.5',
      '"a" ;q=1',
      '"a";Q=1',
      '"a";q=1,',
      '"a";q=1 "b"',
      '"a\\n"',
      '"é"',
      "",
    ])
      expect(() => parseList(bad)).toThrow();
  });
});
