import type { Entitlement } from "@baldur/core";
import { systemClock } from "@baldur/core/plugin";
import { type Claims, readClaims } from "./claims.js";
import { DAY } from "./dates.js";
import { openEnvelope } from "./envelope.js";
import type { PinnedKey } from "./key.js";
import { PINNED_KEYS } from "./pinned-keys.js";
import { Refusal, refuseUnless } from "./refusal.js";
import { checkSignature } from "./signature.js";

const NOTHING: Entitlement = Object.freeze({ status: "missing", reason: "no licence is given" });

/**
 * The verdict on a licence. Never throws, whatever it is given; unless the answer is active, it has a `reason`, which holds
 * nothing of the token. A licence holds through the whole UTC day named by `expires`, and not a second longer. One whose
 * day of issue is later than tomorrow is invalid: either it was made wrongly, or this clock is.
 * @public
 */
export function verifyToken(token: unknown, now?: number | Date): Entitlement {
  return verdictOn(token, now, PINNED_KEYS);
}

/** The same with the keys given. */
export function verdictOn(
  token: unknown,
  now: number | Date | undefined,
  keys: readonly PinnedKey[],
): Entitlement {
  try {
    if (token === undefined || token === null || token === "") return NOTHING;
    return verify(token, Number(now ?? systemClock().now()), keys);
  } catch (error) {
    return { status: "invalid", reason: reasonOf(error) };
  }
}

function verify(token: unknown, now: number, keys: readonly PinnedKey[]): Entitlement {
  refuseUnless(Number.isFinite(now), "nobody can tell whether the licence holds: the time given is none");
  const envelope = openEnvelope(token);
  const claims = readClaims(envelope.payload);
  checkSignature(envelope, claims.issued, keys);
  refuseUnless(claims.issued - now <= DAY, "the licence was issued in the future, or the clock is wrong");
  const { customer, org: organisation, plan, expires } = claims;
  return { ...statusAt(now, claims), customer, organisation, plan, expires };
}

function statusAt(now: number, { lastDay, expires }: Claims): Entitlement {
  if (now < lastDay + DAY) return { status: "active" };
  return { status: "expired", reason: `the licence expired on ${expires}` };
}

/** Only a refusal's own words are known to hold nothing of the token. */
function reasonOf(error: unknown): string {
  if (error instanceof Refusal) return error.message;
  if (error instanceof RangeError) return "the licence is nested too deep";
  return "the licence cannot be read";
}
