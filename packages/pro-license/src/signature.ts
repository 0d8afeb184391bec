import nacl from "tweetnacl";
import { startOfDay } from "./dates.js";
import type { Envelope } from "./envelope.js";
import { canonicalJson } from "./json.js";
import type { PinnedKey } from "./key.js";
import { refuseUnless } from "./refusal.js";

/** Throws `Refusal` unless one of the keys that may, signed the payload. `issued` is its day of issue in milliseconds. */
export function checkSignature(
  { payload, signature, kid }: Envelope,
  issued: number,
  keys: readonly PinnedKey[],
): void {
  const candidates = kid === undefined ? keys : keys.filter((key) => key.kid === kid);
  refuseUnless(candidates.length > 0, "the licence is signed with a key that this version does not know");
  const message = new Uint8Array(Buffer.from(canonicalJson(payload)));
  const signers = candidates.filter(({ publicKey }) =>
    nacl.sign.detached.verify(message, signature, new Uint8Array(Buffer.from(publicKey, "base64"))),
  );
  refuseUnless(
    signers.length > 0,
    "the signature of the licence is wrong: it was altered, or is signed with another key",
  );
  refuseUnless(
    signers.some((key) => mayHaveSigned(key, issued)),
    "the licence was issued after its key was retired; ask for a new one",
  );
}

function mayHaveSigned({ notAfter }: PinnedKey, issued: number): boolean {
  if (notAfter === undefined) return true;
  const retired = startOfDay(notAfter);
  return retired !== undefined && issued <= retired;
}
