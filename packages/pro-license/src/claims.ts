import { startOfDay } from "./dates.js";
import { refuseUnless } from "./refusal.js";

/** What a licence says. */
export interface Claims {
  readonly customer: string;
  readonly org: string;
  readonly plan: string;
  /** The last day, as written. */
  readonly expires: string;
  /** Its first millisecond. */
  readonly lastDay: number;
  /** The first millisecond of the day of issue. */
  readonly issued: number;
}

const CLAIMS = ["customer_id", "org", "tier", "plan", "issued_at", "expires"] as const;
const TIER = "PRO";

type Written = Readonly<Record<(typeof CLAIMS)[number], string>>;

/** Reads the claims of a payload, whoever signed it. Throws `Refusal`. */
export function readClaims(payload: Readonly<Record<string, unknown>>): Claims {
  for (const claim of CLAIMS) {
    const value = Object.hasOwn(payload, claim) ? payload[claim] : undefined;
    refuseUnless(value !== undefined, `the licence does not say ${claim}`);
    refuseUnless(typeof value === "string" && value !== "", `${claim} of the licence is not a text`);
  }
  const { customer_id: customer, org, tier, plan, issued_at, expires } = payload as Written;
  refuseUnless(tier === TIER, `the licence is for another tier than ${TIER}`);
  const issued = startOfDay(issued_at);
  refuseUnless(issued !== undefined, "issued_at of the licence is not a day, YYYY-MM-DD");
  const lastDay = startOfDay(expires);
  refuseUnless(lastDay !== undefined, "expires of the licence is not a day, YYYY-MM-DD");
  refuseUnless(issued <= lastDay, "the licence ends before it was issued");
  return { customer, org, plan, expires, lastDay, issued };
}
