import { URL } from "node:url";
import { types } from "node:util";
import type { BytesTag, Tag } from "./tag.js";

/** How a built-in value is written. */
export interface Form {
  readonly tag: Tag;
  readonly v: string | null | readonly (string | number)[];
  /** It comes back as it was: no subclass, no properties of its own. */
  readonly exact: boolean;
}

const BYTES: ReadonlySet<string> = new Set<BytesTag>([
  "DataView",
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "BigUint64Array",
]);

/** Undefined for what has no form, such as an instance of the caller's class. */
export function formOf(value: object): Form | undefined {
  if (types.isDate(value)) return form("date", dateText(value), value);
  if (types.isRegExp(value)) return form("regexp", [value.source, value.flags, value.lastIndex], value);
  if (value instanceof URL) return form("url", value.href, value);
  if (types.isArrayBuffer(value)) return form("ArrayBuffer", Buffer.from(value).toString("base64"), value);
  return ArrayBuffer.isView(value) ? viewForm(value) : undefined;
}

/** Bytes that the value holds: known before they are written out. */
export function sizeOf(value: object): number {
  return ArrayBuffer.isView(value) || types.isArrayBuffer(value) ? value.byteLength : 0;
}

/**
 * Whether the value is of its built-in class and of no subclass: a subclass is one more link in the chain of prototypes.
 * Unlike `instanceof` it holds for values of another realm too.
 */
export function isGenuine(value: object, links: number): boolean {
  let count = 0;
  for (let link = Object.getPrototypeOf(value); link !== null; link = Object.getPrototypeOf(link)) count++;
  return count === links;
}

function form(tag: Tag, v: Form["v"], value: object): Form {
  return { tag, v, exact: isGenuine(value, 2) && Object.keys(value).length === 0 };
}

function dateText(value: Date): string | null {
  const time = Date.prototype.getTime.call(value);
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}

function viewForm(view: ArrayBufferView): Form | undefined {
  const isBuffer = Buffer.isBuffer(view);
  const tag = isBuffer ? "Buffer" : String((view as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag]);
  if (!isBuffer && !BYTES.has(tag)) return undefined;
  const links = isBuffer ? 4 : tag === "DataView" ? 2 : 3;
  const exact = isGenuine(view, links) && types.isArrayBuffer(view.buffer);
  const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  return { tag: tag as BytesTag, v: bytes.toString("base64"), exact };
}
