import type { Clock, Entitlement } from "@baldur/core";
import type { EntitlementRequest } from "@baldur/core/plugin";
import { fetchToken } from "./carrier.js";
import { DAY } from "./dates.js";
import { verifyToken } from "./verify.js";

/** A verdict and what it holds for: this source, until this monotonic reading of its clock. */
interface Remembered {
  readonly env: EntitlementRequest["env"];
  readonly until: number;
  readonly verdict: Entitlement;
}

/** By clock, because readings of two clocks have nothing in common. */
const remembered = new WeakMap<Clock, Remembered>();

/**
 * The entitlement of every commercial package, for `Plugin.entitlement`. It is one function for the whole process, so that
 * a runtime asks once for all of them. The licence is `BALDUR_LICENSE_KEY`, or else the content of the file that
 * `BALDUR_LICENSE_FILE` names; a verdict is remembered for a day, unless `force` is asked for.
 * @public
 */
export function license(): (request: EntitlementRequest) => Promise<Entitlement> {
  return entitlement;
}

async function entitlement({ env, clock, force = false }: EntitlementRequest): Promise<Entitlement> {
  const known = remembered.get(clock);
  if (!force && known?.env === env && clock.monotonic() < known.until) return known.verdict;
  const verdict = Object.freeze(await check(env, clock));
  remembered.set(clock, { env, until: clock.monotonic() + DAY, verdict });
  return verdict;
}

async function check(env: EntitlementRequest["env"], clock: Clock): Promise<Entitlement> {
  const carried = await fetchToken(env);
  if ("missing" in carried) return { status: "missing", reason: carried.missing };
  return verifyToken(carried.token, clock.now());
}
