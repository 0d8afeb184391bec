import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { canonicalJson } from "../src/json.js";
import type { PinnedKey } from "../src/key.js";

export interface TestKey {
  readonly pinned: PinnedKey;
  readonly secret: KeyObject;
}

/** What comes before the 32 bytes of a seed. */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

/** A key pair that is the same in every run. */
export function testKey(kid: string, notAfter?: string): TestKey {
  const seed = Buffer.alloc(32, kid);
  const secret = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });
  const spki = createPublicKey(secret).export({ format: "der", type: "spki" });
  const publicKey = spki.subarray(-32).toString("base64");
  return { pinned: { kid, publicKey, ...(notAfter !== undefined && { notAfter }) }, secret };
}

export const CLAIMS = {
  customer_id: "c-42",
  org: "Bäckerei 開発",
  tier: "PRO",
  plan: "annual",
  issued_at: "2026-01-01",
  expires: "2026-12-31",
};

export type Members = Record<string, unknown>;

/** The envelope of a licence; `rest` adds to it or replaces parts of it. */
export function envelope(key: TestKey, payload: unknown = CLAIMS, rest: Members = {}): Members {
  const signature = sign(null, Buffer.from(canonicalJson(payload)), key.secret).toString("base64");
  return { alg: "ed25519", payload, signature, ...rest };
}

/** Its usual form. */
export function token(key: TestKey, claims: Members = {}, rest: Members = {}): string {
  return base64(JSON.stringify(envelope(key, { ...CLAIMS, ...claims }, rest)));
}

export function base64(data: string | Uint8Array): string {
  return Buffer.from(data as string).toString("base64");
}

/** Any moment of a day. */
export const on = (date: string, time = "12:00:00.000"): number => Date.parse(`${date}T${time}Z`);
export const NOON: number = on("2026-06-15");
