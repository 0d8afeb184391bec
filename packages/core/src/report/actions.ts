import type { FailureOverview } from "../slots/failure-statistics.js";
import type { DailyReport } from "./reports.js";

const MANUAL = "look at the entries, and replay, resolve or reject them by hand";

/** What helps against a kind of failure. */
const ACTIONS: Readonly<Record<string, string>> = {
  CIRCUIT_OPEN_ERROR: "look at the dependency: they are replayed once its circuit closes",
  TIMEOUT_POLICY_ERROR: "allow more time, or find out why the dependency takes so long",
  BULKHEAD_FULL_ERROR: "wait until fewer calls are under way, or allow more",
  NETWORK_ERROR: "wait: they are replayed once the network is back",
  TIMEOUT: "allow more time, or a longer backoff between attempts",
  CONNECTION_ERROR: "check whether the service is available",
  RATE_LIMITED: "wait until the service takes calls again, and send fewer",
  AUTH_ERROR: "check the credentials",
  VALIDATION_ERROR: MANUAL,
  EXTERNAL_SERVICE_ERROR: "wait until the service has recovered",
  GATEWAY_ERROR: "check the gateway",
  UNKNOWN_ERROR: MANUAL,
};

/** What capture puts before the kind of failure of a call that was retried. */
const RETRIED = /^MAX_RETRIES_/;

export function actionOf(failureType: string): string {
  const kind = failureType.replace(RETRIED, "");
  return Object.hasOwn(ACTIONS, kind) ? (ACTIONS[kind] as string) : MANUAL;
}

/** What still asks for something, and what to do about it. */
export function backlogOf({ open }: FailureOverview): NonNullable<DailyReport["pending_breakdown"]> {
  const byType = Object.entries(open.byFailureType).map(([type, { count, domains }]) => {
    return [type, { count, domains, action: actionOf(type) }] as const;
  });
  const total = byType.reduce((sum, [, { count }]) => sum + count, 0);
  return { total, by_domain: open.byDomain, by_failure_type: Object.fromEntries(byType) };
}
