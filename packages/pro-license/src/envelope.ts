import { decodeBase64 } from "./base64.js";
import { hasForeignPrototype, isObject } from "./json.js";
import { refuseUnless } from "./refusal.js";

/** What a token is, once unpacked; nothing in it is believed yet. */
export interface Envelope {
  readonly payload: Readonly<Record<string, unknown>>;
  readonly signature: Uint8Array;
  readonly kid?: string;
}

/** In characters. A licence has a few hundred. */
const LONGEST = 65_536;
const SIGNATURE = 64;
const FIELDS = ["alg", "payload", "signature", "kid"];

/** Unpacks a token: JSON, or standard base64 of it in as many lines as it likes. Throws `Refusal`. */
export function openEnvelope(token: unknown): Envelope {
  refuseUnless(typeof token === "string", "the licence is not text");
  refuseUnless(token.length <= LONGEST, `the licence is longer than ${LONGEST / 1024} KiB`);
  const envelope = parse(jsonOf(token.trim()));
  refuseUnless(isObject(envelope), "the licence is not a JSON object");
  refuseUnless(!hasForeignPrototype(envelope), "the licence has a key that no licence has");
  refuseUnless(
    Object.keys(envelope).every((field) => FIELDS.includes(field)),
    `the licence has fields other than ${FIELDS.join(", ")}`,
  );
  const { alg, payload, signature, kid } = envelope;
  refuseUnless(alg === "ed25519", "the licence is not signed with ed25519");
  refuseUnless(isObject(payload), "the licence has no payload, or one that is no object");
  refuseUnless(kid === undefined || isName(kid), "the licence names its key by something that is no text");
  return { payload, signature: signatureOf(signature), ...(kid !== undefined && { kid }) };
}

function jsonOf(token: string): string {
  if (token.startsWith("{")) return token;
  const bytes = decodeBase64(token.replace(/\s+/g, ""));
  refuseUnless(bytes !== undefined, "the licence is neither JSON nor standard base64");
  return utf8(bytes);
}

function utf8(bytes: Uint8Array): string {
  const text = attempt(() => new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  refuseUnless(text !== undefined, "the licence is base64 of something that is not UTF-8");
  return text;
}

function parse(json: string): unknown {
  const parsed = attempt(() => ({ value: JSON.parse(json) as unknown }));
  refuseUnless(parsed !== undefined, "the licence is not JSON; part of it may be missing");
  return parsed.value;
}

function signatureOf(signature: unknown): Uint8Array {
  const bytes = typeof signature === "string" ? decodeBase64(signature) : undefined;
  refuseUnless(bytes?.length === SIGNATURE, `the licence has no signature of ${SIGNATURE} bytes in base64`);
  return new Uint8Array(bytes);
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined; // its message would quote the token
  }
}
