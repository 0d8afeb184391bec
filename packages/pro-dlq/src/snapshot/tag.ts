/**
 * Marks what JSON cannot say: `{"$baldur": what it is, "v": how to make it again}`. An object of the caller's own that
 * has the key is itself tagged as `object`, and the fields of its `v` are then read as they are.
 */
export const TAG = "$baldur";

/** Stands for a secret that was not kept. */
export const REDACTED = "***REDACTED***";

export type Tag =
  | "undefined"
  | "hole"
  | "number"
  | "bigint"
  | "date"
  | "map"
  | "set"
  | "regexp"
  | "url"
  | "object"
  | "dict"
  | "sealed"
  | BytesTag;

export type BytesTag =
  | "Buffer"
  | "ArrayBuffer"
  | "DataView"
  | "Int8Array"
  | "Uint8Array"
  | "Uint8ClampedArray"
  | "Int16Array"
  | "Uint16Array"
  | "Int32Array"
  | "Uint32Array"
  | "Float32Array"
  | "Float64Array"
  | "BigInt64Array"
  | "BigUint64Array";

/** The beginning of a tagged value; its `v` and a brace follow. */
export function opening(tag: Tag): string {
  return `{"${TAG}":"${tag}","v":`;
}

/** A tagged value that says all in its tag. */
export function bare(tag: Tag): string {
  return `{"${TAG}":"${tag}"}`;
}
