import { URL } from "node:url";
import { TAG } from "./tag.js";

/** Decrypts a sealed secret; throws when it cannot. */
export type Unseal = (sealed: string) => string;

/** Deeper than any snapshot: what is stored may have been tampered with. */
const DEEPEST = 1000;
const ENCRYPTED = "***ENCRYPTED***";

/** Makes the value of a snapshot again from its parsed JSON, which may become part of it. Throws when a secret cannot be unsealed. */
export function revive(json: unknown, unseal?: Unseal): unknown {
  return isTagged(json) ? revived(json, unseal) : json;
}

/** Whether anything in it is not what it seems; most values are plain JSON. */
function isTagged(json: unknown): boolean {
  if (typeof json !== "object" || json === null) return false;
  if (Array.isArray(json)) return json.some(isTagged);
  for (const key in json) if (key === TAG || isTagged((json as Record<string, unknown>)[key])) return true;
  return false;
}

function revived(json: unknown, unseal: Unseal | undefined): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return items(json, unseal);
  if (!Object.hasOwn(json, TAG)) return fields({}, json, unseal);
  const { [TAG]: tag, v } = json as { [TAG]?: unknown; v?: unknown };
  return tagged(String(tag), v, unseal);
}

/** What an operator may see of a stored value: everything, but no sealed secret. */
export function presentable(json: unknown): unknown {
  return shown(json, 0);
}

function items(json: readonly unknown[], unseal: Unseal | undefined): unknown[] {
  const array: unknown[] = [];
  for (const item of json) {
    if (isHole(item)) array.length++;
    else array.push(revived(item, unseal));
  }
  return array;
}

function isHole(item: unknown): boolean {
  return typeof item === "object" && item !== null && Object.hasOwn(item, TAG) && tagOf(item) === "hole";
}

function tagOf(json: object): unknown {
  return (json as { [TAG]?: unknown })[TAG];
}

function fields(target: object, json: object, unseal: Unseal | undefined): object {
  for (const [key, value] of Object.entries(json)) define(target, key, revived(value, unseal));
  return target;
}

/** Assigning to `__proto__` would set the prototype. */
function define(target: object, key: string, value: unknown): void {
  if (key !== "__proto__") (target as Record<string, unknown>)[key] = value;
  else Object.defineProperty(target, key, { value, configurable: true, enumerable: true, writable: true });
}

function tagged(tag: string, v: unknown, unseal: Unseal | undefined): unknown {
  switch (tag) {
    case "undefined":
      return undefined;
    case "number":
      return Number(string(v));
    case "bigint":
      return BigInt(string(v));
    case "date":
      return new Date(v === null ? Number.NaN : string(v));
    case "url":
      return new URL(string(v));
    case "regexp":
      return regExp(array(v));
    case "map":
      return new Map(array(v).map((entry) => pair(array(entry), unseal)));
    case "set":
      return new Set(array(v).map((item) => revived(item, unseal)));
    case "object":
      return fields({}, object(v), unseal);
    case "dict":
      return fields(Object.create(null), object(v), unseal);
    case "sealed":
      return revive(JSON.parse(opened(string(v), unseal)));
    default:
      return bytes(tag, Buffer.from(string(v), "base64"));
  }
}

function regExp([source, flags, lastIndex]: readonly unknown[]): RegExp {
  return Object.assign(new RegExp(string(source), string(flags)), { lastIndex });
}

function pair([key, value]: readonly unknown[], unseal: Unseal | undefined): [unknown, unknown] {
  return [revived(key, unseal), revived(value, unseal)];
}

function opened(sealed: string, unseal: Unseal | undefined): string {
  if (unseal === undefined)
    throw new Error("the stored value has an encrypted field and there is no key to decrypt it");
  try {
    return unseal(sealed);
  } catch (cause) {
    throw new Error("an encrypted field of the stored value cannot be decrypted with the present key", {
      cause,
    });
  }
}

function bytes(tag: string, content: Buffer): unknown {
  if (tag === "Buffer") return content;
  const { buffer } = new Uint8Array(content); // of its own, where a Buffer may share one
  if (tag === "ArrayBuffer") return buffer;
  const view = VIEWS.get(tag);
  if (view === undefined) throw corrupt();
  return view(buffer);
}

const VIEWS: ReadonlyMap<string, (buffer: ArrayBuffer) => ArrayBufferView> = new Map([
  ["DataView", (buffer: ArrayBuffer): ArrayBufferView => new DataView(buffer)],
  ["Int8Array", (buffer) => new Int8Array(buffer)],
  ["Uint8Array", (buffer) => new Uint8Array(buffer)],
  ["Uint8ClampedArray", (buffer) => new Uint8ClampedArray(buffer)],
  ["Int16Array", (buffer) => new Int16Array(buffer)],
  ["Uint16Array", (buffer) => new Uint16Array(buffer)],
  ["Int32Array", (buffer) => new Int32Array(buffer)],
  ["Uint32Array", (buffer) => new Uint32Array(buffer)],
  ["Float32Array", (buffer) => new Float32Array(buffer)],
  ["Float64Array", (buffer) => new Float64Array(buffer)],
  ["BigInt64Array", (buffer) => new BigInt64Array(buffer)],
  ["BigUint64Array", (buffer) => new BigUint64Array(buffer)],
]);

function string(v: unknown): string {
  if (typeof v !== "string") throw corrupt();
  return v;
}

function array(v: unknown): readonly unknown[] {
  if (!Array.isArray(v)) throw corrupt();
  return v;
}

function object(v: unknown): object {
  if (typeof v !== "object" || v === null) throw corrupt();
  return v;
}

function corrupt(): Error {
  return new Error("the stored value is not one that a snapshot wrote");
}

function shown(json: unknown, depth: number): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (depth > DEEPEST) return "[too deep]";
  if (Array.isArray(json)) return json.map((item) => shown(item, depth + 1));
  if (!Object.hasOwn(json, TAG)) return shownFields(json, depth);
  const tag = tagOf(json);
  if (tag === "sealed") return ENCRYPTED;
  const { v } = json as { v?: unknown };
  // The caller's own fields: a tag among them is none.
  const isOwn = (tag === "object" || tag === "dict") && typeof v === "object" && v !== null;
  return isOwn ? { [TAG]: tag, v: shownFields(v, depth + 1) } : shownFields(json, depth);
}

function shownFields(json: object, depth: number): object {
  const target = {};
  for (const [key, value] of Object.entries(json)) define(target, key, shown(value, depth + 1));
  return target;
}
