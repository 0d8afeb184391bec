import type { Clock } from "../clock.js";

/** Whether a plugin may run. Baldur knows no more of licences than this. @public */
export type Entitlement = {
  status: "active" | "missing" | "invalid" | "expired";
  organisation?: string;
  /** Whose it is, as its issuer knows them. */
  customer?: string;
  plan?: string;
  /** The last day on which it holds, YYYY-MM-DD. */
  expires?: string;
  /** Why it is not active, for people. */
  reason?: string;
};

/** What an entitlement is asked with. @public */
export interface EntitlementRequest {
  /** A variable of the environment as it is now, trimmed; undefined when it is unset or empty. */
  readonly env: (name: string) => string | undefined;
  readonly clock: Clock;
  /** Answer from the source itself, not from memory. */
  readonly force?: boolean;
}
