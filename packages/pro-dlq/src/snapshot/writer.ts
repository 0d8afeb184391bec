import { URL } from "node:url";
import { types } from "node:util";
import { formOf, isGenuine, sizeOf } from "./forms.js";
import type { SnapshotOptions } from "./options.js";
import { Paths } from "./paths.js";
import { quote } from "./quote.js";
import { className, oddity, readable, UNREADABLE } from "./readable.js";
import { bare, opening, REDACTED, TAG, type Tag } from "./tag.js";

const DEEPEST = 100;
/** Instances within instances: a request leads to its socket, and that to the whole server. */
const MOST_INSTANCES = 3;
/** Of a string that does not fit. */
const SHOWN = 200;

/**
 * Writes any value as JSON text in one pass: no second tree is built, each property is read once, and what is read is
 * what is written, whatever getters and proxies answer the next time.
 */
export class Writer {
  text = "";
  /** The text is certainly too long: nothing more is read. */
  full = false;
  /** Characters that the text would have at least, once it is full. */
  least = 0;
  readonly masked: Paths = new Paths();
  readonly altered: Paths = new Paths();
  readonly #options: SnapshotOptions;
  readonly #path: (string | number)[] = [];
  /** The objects around the one being written, by depth. */
  readonly #open: object[] = [];
  #instances = 0;
  #sealing = false;

  constructor(options: SnapshotOptions) {
    this.#options = options;
  }

  write(value: unknown, depth: number): void {
    switch (typeof value) {
      case "string":
        return this.#string(value);
      case "number":
        return this.#number(value);
      case "boolean":
        return this.#put(value ? "true" : "false");
      case "undefined":
        return this.#put(bare("undefined"));
      case "object":
        return value === null ? this.#put("null") : this.#object(value, depth);
      case "bigint":
        return this.#bigint(value);
      default:
        return this.#lost(depth, oddity(value));
    }
  }

  #put(text: string): void {
    this.text += text;
    if (this.text.length > this.#options.maxBytes) this.#over(0);
  }

  /** A character is at least a byte. */
  #over(more: number): void {
    this.full = true;
    this.least = Math.max(this.least, this.text.length + more);
  }

  #fits(length: number): boolean {
    return this.text.length + length <= this.#options.maxBytes;
  }

  #string(value: string): void {
    if (this.#fits(value.length)) return this.#put(quote(value));
    this.#over(value.length);
    this.#put(quote(value.slice(0, SHOWN)));
  }

  #number(value: number): void {
    if (value === 0 ? 1 / value > 0 : Number.isFinite(value)) return this.#put(String(value));
    this.#put(`${opening("number")}"${value === 0 ? "-0" : value}"}`);
  }

  #bigint(value: bigint): void {
    // Decimal digits of a giant take longer than linear time; hexadecimal ones do not.
    const digits = BigInt.asIntN(64, value) === value ? 0 : value.toString(16).length;
    if (!this.#fits(digits)) return this.#over(digits);
    this.#put(`${opening("bigint")}"${value}"}`);
  }

  #lost(depth: number, shown: string): void {
    this.altered.add(this.#path, depth);
    this.#put(quote(shown));
  }

  #object(value: object, depth: number): void {
    const before = this.text;
    try {
      if (this.#isOpen(value, depth)) return this.#lost(depth, "[circular]");
      if (depth >= DEEPEST) return this.#lost(depth, "[too deep]");
      this.#open[depth] = value;
      this.#contents(value, depth);
    } catch {
      this.text = before; // a proxy or an exotic object refused
      this.#lost(depth, oddity(UNREADABLE));
    }
  }

  #isOpen(value: object, depth: number): boolean {
    for (let outer = 0; outer < depth; outer++) if (this.#open[outer] === value) return true;
    return false;
  }

  #contents(value: object, depth: number): void {
    if (Array.isArray(value)) return this.#array(value, depth);
    const prototype: object | null = Object.getPrototypeOf(value);
    if (prototype === Object.prototype) return this.#plain(value, depth);
    if (prototype === null) return this.#tagged("dict", value, depth);
    if (isForeignRoot(prototype)) return this.#plain(value, depth);
    if (types.isMap(value)) return this.#map(value, depth);
    if (types.isSet(value)) return this.#set(value, depth);
    if (this.#fits(sizeOf(value))) return this.#builtIn(value, depth);
    this.#over(sizeOf(value));
    this.#put(quote(className(value)));
  }

  #array(array: readonly unknown[], depth: number): void {
    const { length } = array;
    let holes = 0;
    this.#put("[");
    for (let index = 0; index < length && !this.full; index++) {
      this.#path[depth] = index;
      if (index > 0) this.#put(",");
      const item = this.#read(array, index);
      if (item !== undefined || index in array) this.write(item, depth + 1);
      else {
        holes++;
        this.#put(bare("hole"));
      }
    }
    this.#put("]");
    // One more key than items: the length.
    if (this.full || (isArray(array) && Reflect.ownKeys(array).length === length - holes + 1)) return;
    this.altered.add(this.#path, depth);
  }

  #plain(value: object, depth: number): void {
    if (Object.hasOwn(value, TAG)) this.#tagged("object", value, depth);
    else this.#fields(value, depth);
  }

  #tagged(tag: Tag, value: object, depth: number): void {
    this.#put(opening(tag));
    this.#fields(value, depth);
    this.#put("}");
  }

  #fields(value: object, depth: number): void {
    const keys = Object.keys(value);
    let before = "{";
    for (const key of keys) {
      if (this.full) return;
      this.#path[depth] = key;
      if (this.#field(before, key, ":", this.#read(value, key), depth + 1)) before = ",";
    }
    this.#put(before === "{" ? "{}" : "}");
    // Symbols and hidden properties do not come back.
    if (Reflect.ownKeys(value).length !== keys.length) this.altered.add(this.#path, depth);
  }

  #read(holder: object, key: string | number): unknown {
    try {
      return (holder as Record<string | number, unknown>)[key];
    } catch {
      return UNREADABLE; // a getter threw
    }
  }

  /** Answers false when the field was dropped: its secret could not be hidden. */
  #field(before: string, key: string, after: string, value: unknown, depth: number): boolean {
    if (!this.#fits(key.length)) {
      this.#string(key);
      return true;
    }
    let hidden: string | undefined;
    try {
      hidden = this.#isSecret(key, value) ? this.#hide(value, depth) : undefined;
    } catch {
      this.masked.add(this.#path, depth);
      return false;
    }
    this.#put(`${before}${quote(key)}${after}${hidden ?? ""}`);
    if (hidden === undefined && !this.full) this.write(value, depth);
    return true;
  }

  /** Nothing and a yes or no are nobody's secret, so `token: null` and `auth: true` cost no replay. */
  #isSecret(key: string, value: unknown): boolean {
    if (value === null || value === undefined || typeof value === "boolean") return false;
    return !this.#sealing && this.#options.isSensitive(key);
  }

  #hide(value: unknown, depth: number): string {
    const { seal } = this.#options;
    if (seal === undefined) {
      this.masked.add(this.#path, depth);
      return `"${REDACTED}"`;
    }
    const plain = this.#apart(value, depth);
    if (this.full) return `"${REDACTED}"`; // the rest is cut off anyway
    const sealed: unknown = seal(plain);
    if (typeof sealed !== "string") throw new TypeError("a sealed secret is a string");
    return `${opening("sealed")}${quote(sealed)}}`;
  }

  /** The text of a secret by itself, which is never part of the whole. */
  #apart(value: unknown, depth: number): string {
    const { text } = this;
    this.text = "";
    this.#sealing = true;
    try {
      this.write(value, depth);
      return this.text;
    } finally {
      this.text = text;
      this.#sealing = false;
    }
  }

  #map(map: ReadonlyMap<unknown, unknown>, depth: number): void {
    this.#checkBare(map, depth);
    let before = `${opening("map")}[[`;
    let index = 0;
    for (const [key, item] of Map.prototype.entries.call(map)) {
      if (this.full) return;
      this.#path[depth] = typeof key === "string" ? key : index;
      if (this.#entry(before, key, item, depth + 1)) before = ",[";
      index++;
    }
    this.#put(before === ",[" ? "]}" : `${opening("map")}[]}`);
  }

  #entry(before: string, key: unknown, item: unknown, depth: number): boolean {
    if (typeof key !== "string") {
      this.#put(before);
      this.write(key, depth);
      this.#put(",");
      this.write(item, depth);
    } else if (!this.#field(before, key, ",", item, depth)) return false;
    this.#put("]");
    return true;
  }

  #set(set: ReadonlySet<unknown>, depth: number): void {
    this.#checkBare(set, depth);
    this.#put(`${opening("set")}[`);
    let index = 0;
    for (const item of Set.prototype.values.call(set)) {
      if (this.full) return;
      this.#path[depth] = index;
      if (index++ > 0) this.#put(",");
      this.write(item, depth + 1);
    }
    this.#put("]}");
  }

  #checkBare(collection: object, depth: number): void {
    if (!isGenuine(collection, 2) || Reflect.ownKeys(collection).length > 0)
      this.altered.add(this.#path, depth);
  }

  #builtIn(value: object, depth: number): void {
    const form = formOf(value);
    if (form === undefined) return this.#instance(value, depth);
    if (!form.exact) this.altered.add(this.#path, depth);
    const hidden = value instanceof URL ? this.#hiddenUrl(value, depth) : undefined;
    if (hidden !== undefined) return this.#put(hidden);
    this.#put(opening(form.tag));
    this.#path[depth] = form.tag;
    this.write(form.v, depth + 1);
    this.#put("}");
  }

  #hiddenUrl(url: URL, depth: number): string | undefined {
    try {
      return this.#isSecretUrl(url) ? this.#hide(url, depth) : undefined;
    } catch {
      this.masked.add(this.#path, depth);
      return `"${REDACTED}"`;
    }
  }

  #isSecretUrl(url: URL): boolean {
    if (this.#sealing) return false;
    if (url.username !== "" || url.password !== "") return true;
    return [...url.searchParams.keys()].some((key) => this.#options.isSensitive(key));
  }

  /** An instance of the caller's class: shown to people as well as it can be, and listed. */
  #instance(value: object, depth: number): void {
    this.altered.add(this.#path, depth);
    if (this.#instances >= MOST_INSTANCES) return this.#put(quote(className(value)));
    this.#instances++;
    try {
      const shown = readable(value);
      if (shown !== value) this.write(shown, depth);
      else if (Object.keys(value).length > 0) this.#plain(value, depth);
      else this.#put(quote(className(value)));
    } finally {
      this.#instances--;
    }
  }
}

/** `Object.prototype` of another realm: a `vm` context, or a test runner's. */
function isForeignRoot(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "hasOwnProperty");
}

function isArray(array: object): boolean {
  return Object.getPrototypeOf(array) === Array.prototype || isGenuine(array, 2);
}
