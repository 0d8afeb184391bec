import fc from "fast-check";
import { revive } from "../../src/snapshot/revive.js";
import { sensitiveKeys } from "../../src/snapshot/sensitive.js";
import { type Snapshot, type SnapshotOptions, snapshot } from "../../src/snapshot/snapshot.js";

export const ROOM = 262_144;

export function take(value: unknown, options: Partial<SnapshotOptions> = {}): Snapshot {
  return snapshot(value, { maxBytes: ROOM, isSensitive: sensitiveKeys(), ...options });
}

/** What is stored, as an operator would read it. */
export function stored(value: unknown, options: Partial<SnapshotOptions> = {}): unknown {
  return JSON.parse(take(value, options).json);
}

export function again(value: unknown): unknown {
  return revive(stored(value));
}

/** A seal that shows what it was given, reversed. */
export const mirror = {
  seal: (plain: string): string => [...plain].reverse().join(""),
  unseal: (sealed: string): string => [...sealed].reverse().join(""),
};

const key = fc.oneof(
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.constantFrom("__proto__", "constructor", "toString", "$baldur", "v", "hasOwnProperty", "length", "0"),
);
const bytes = fc.uint8Array({ maxLength: 12 });
const exotic = fc.oneof(
  fc.bigInt(),
  fc.constantFrom(undefined, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0),
  fc.date({ noInvalidDate: true }),
  fc.webUrl({ withQueryParameters: true }).map((text) => new URL(text)),
  bytes,
  bytes.map((content) => Buffer.from(content)),
  fc.float64Array({ maxLength: 4 }),
  fc.bigInt64Array({ maxLength: 4 }),
  fc.constantFrom(/a(b)?/giu, /(?:)/),
);
const leaf = fc.oneof(fc.jsonValue(), exotic, fc.string({ unit: "binary" }), fc.double());

/** Everything that comes back as it was. */
export const faithful: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    leaf,
    fc.array(tie("value"), { maxLength: 5 }),
    fc.sparseArray(tie("value"), { maxLength: 6, maxNumElements: 3 }),
    fc.dictionary(key, tie("value"), { maxKeys: 5 }),
    fc
      .array(fc.tuple(fc.oneof(key, tie("value")), tie("value")), { maxLength: 4 })
      .map((all) => new Map(all)),
    fc.array(tie("value"), { maxLength: 4 }).map((all) => new Set(all)),
    fc.record({
      $baldur: fc.oneof(fc.constantFrom("bigint", "sealed", "object", "hole"), tie("value")),
      v: tie("value"),
    }),
  ),
})).value;
