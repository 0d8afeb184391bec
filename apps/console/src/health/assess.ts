import type { HealthAnswer } from "../api/types.js";
import { entryOf } from "../state/shape.js";
import { type Finding, type Grade, type Standing, standing } from "../state/standing.js";
import { brief } from "../text/clean.js";
import { count } from "../text/format.js";

const GRADES: Readonly<Record<string, Grade>> = {
  healthy: "good",
  degraded: "warn",
  unhealthy: "bad",
  error: "bad",
};

/** What says nothing that is known is unknown. */
export function gradeOfHealth(status: unknown): Grade {
  return entryOf(GRADES, status) ?? "unknown";
}

export function assessHealth({ status, checks = {}, phase }: HealthAnswer): Standing {
  const entries = Object.entries(checks);
  const findings = entries.flatMap(([name, check]) => findingOn(name, check?.status, check?.detail));
  if (phase !== undefined && phase !== "running")
    findings.push({ grade: "warn", text: `The process is ${brief(phase, 40)}` });
  const whole = gradeOfHealth(status);
  if (findings.length === 0 && whole !== "good")
    findings.push({ grade: whole, text: `Health is ${brief(status ?? "not reported", 60)}` });
  const well = entries.filter(([, check]) => gradeOfHealth(check?.status) === "good").length;
  return standing(`${well} of ${count(entries.length, "check")} well`, findings);
}

function findingOn(name: string, status: unknown, detail: unknown): Finding[] {
  const grade = gradeOfHealth(status);
  if (grade === "good") return [];
  const why = detail === undefined || detail === "" ? "" : `: ${brief(detail, 160)}`;
  return [{ grade, text: `Check ${brief(name, 60)} is ${brief(status ?? "unknown", 40)}${why}` }];
}
