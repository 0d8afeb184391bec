import type { JobRow, SchedulerAnswer } from "../api/types.js";
import { type Finding, type Standing, standing } from "../state/standing.js";
import { brief } from "../text/clean.js";
import { count } from "../text/format.js";

export function assessScheduler({ jobs, leading }: SchedulerAnswer): Standing {
  if (jobs.length === 0) return standing("none");
  const where = leading === undefined ? "" : leading ? ", run by this process" : ", run by another process";
  return standing(`${count(jobs.length, "job")}${where}`, jobs.flatMap(findingOn));
}

function findingOn({ name, lastError }: JobRow): Finding[] {
  if (lastError === undefined) return [];
  return [{ grade: "warn", text: `Job ${brief(name, 60)} failed: ${brief(lastError, 160)}` }];
}
