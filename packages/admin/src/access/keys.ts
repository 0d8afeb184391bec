import { createHash, timingSafeEqual } from "node:crypto";
import { ConfigurationError } from "@baldur/core";

/** What a header carries as it is. */
const KEY = /^[!-~](?:[ -~]*[!-~])?$/;

/** The keys that are asked for, as digests: of equal length, so that comparing them tells nothing of a key. */
export class Keys {
  readonly #full: Buffer | undefined;
  readonly #readonly: Buffer | undefined;

  /** Throws `ConfigurationError` for a key that no client could send, and where both are the same: who may look could act. */
  constructor({
    full,
    readonly,
  }: { readonly full: string | undefined; readonly readonly: string | undefined }) {
    check("BALDUR_ADMIN_KEY", full);
    check("BALDUR_ADMIN_READONLY_KEY", readonly);
    if (full !== undefined && full === readonly)
      throw new ConfigurationError("BALDUR_ADMIN_READONLY_KEY must differ from BALDUR_ADMIN_KEY");
    this.#full = digest(full);
    this.#readonly = digest(readonly);
  }

  get configured(): boolean {
    return this.#full !== undefined || this.#readonly !== undefined;
  }

  /** What a key is good for. */
  roleOf(key: string): "operator" | "viewer" | undefined {
    const given = digest(key);
    const isFull = equal(given, this.#full);
    const isReadonly = equal(given, this.#readonly);
    return isFull ? "operator" : isReadonly ? "viewer" : undefined;
  }
}

function check(name: string, key: string | undefined): void {
  if (key === undefined || KEY.test(key)) return;
  throw new ConfigurationError(
    `${name} must be of printable ASCII characters, without a space at either end`,
  );
}

function digest(key: string): Buffer;
function digest(key: string | undefined): Buffer | undefined;
function digest(key: string | undefined): Buffer | undefined {
  return key === undefined ? undefined : createHash("sha256").update(key).digest();
}

function equal(given: Buffer, key: Buffer | undefined): boolean {
  return key !== undefined && timingSafeEqual(given, key);
}
