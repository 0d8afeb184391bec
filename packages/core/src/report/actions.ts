import type { FailureOverview } from "../slots/failure-statistics.js";
import type { DailyReport } from "./reports.js";

const MANUAL = "look at the entries, and replay, resolve or reject them by hand";

/** What helps against a kind of failure. */
const ACTIONS: Readonly<Record<string, string>> = {
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

export function actionOf(failureType: string): string {
  return Object.hasOwn(ACTIONS, failureType) ? (ACTIONS[failureType] as string) : MANUAL;
}

/** What still asks for something, and what to do about it. */
export function backlogOf({ open }: FailureOverview): NonNullable<DailyReport["pending_breakdown"]> {
  const byType = Object.entries(open.byFailureType).map(([type, { count, domains }]) => {
    return [type, { count, domains, action: actionOf(type) }] as const;
  });
  const total = byType.reduce((sum, [, { count }]) => sum + count, 0);
  return { total, by_domain: open.byDomain, by_failure_type: Object.fromEntries(byType) };
}
