import type { Posture } from "../api/types.js";
import { type Finding, type Standing, standing } from "../state/standing.js";
import { serverNow } from "../state/time.js";
import { brief } from "../text/clean.js";
import { count, timeOf } from "../text/format.js";

const DAY = 86_400_000;
const ENDS_SOON = 14;

export function assessPosture(posture: Posture): Standing {
  const { plugins = [], degraded = [] } = posture;
  const findings: Finding[] = plugins
    .filter(({ status }) => status === "failed")
    .map(({ name, reason }) => ({ grade: "bad", text: `${brief(name, 60)} failed${why(reason)}` }));
  findings.push(...degraded.map((text): Finding => ({ grade: "warn", text: brief(text, 200) })));
  findings.push(...licence(posture));
  return standing(summaryOf(posture), findings);
}

function summaryOf({ tier, plugins = [] }: Posture): string {
  const inert = plugins.filter(({ status }) => status === "inert").length;
  const parts = [
    tier === undefined ? "" : brief(tier, 20).toUpperCase(),
    `${count(plugins.length, "package")}`,
  ];
  if (inert > 0) parts.push(`${inert} inert`);
  return parts.filter(Boolean).join(", ");
}

function licence({ entitlement }: Posture): Finding[] {
  const { status, expires, reason } = entitlement ?? {};
  if (status === "invalid" || status === "expired")
    return [{ grade: "warn", text: `The licence is ${status}${why(reason)}` }];
  const end = timeOf(expires);
  if (status !== "active" || end === undefined) return [];
  const days = Math.floor((end + DAY - serverNow()) / DAY); // it holds through its last day
  return days > ENDS_SOON
    ? []
    : [{ grade: "warn", text: `The licence ends ${days <= 0 ? "today" : `in ${count(days, "day")}`}` }];
}

const why = (reason: unknown): string =>
  reason === undefined || reason === "" ? "" : `: ${brief(reason, 160)}`;
