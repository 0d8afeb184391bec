import { invalid } from "../errors.js";
import type { Job } from "./scheduler.js";

const NAME = /^[A-Za-z0-9_.:-]{1,64}$/;
/** Milliseconds; a timer waits no longer. */
const LONGEST = 2 ** 31 - 1;

/** Throws `ConfigurationError` that names the field which breaks its rule. */
export function checkJob(job: Job): void {
  if (typeof job !== "object" || job === null) throw invalid("job", "an object", job);
  const { name, every, dailyAt, run } = job;
  if (typeof name !== "string" || !NAME.test(name))
    throw invalid("job.name", "1 to 64 letters, digits, _, -, . and :", name);
  if (typeof run !== "function") throw invalid("job.run", "a function", run);
  if ((every === undefined) === (dailyAt === undefined))
    throw invalid("job", "given either every or dailyAt", every === undefined ? "neither" : "both");
  if (every !== undefined && !(typeof every === "number" && every >= 1 && every <= LONGEST))
    throw invalid("job.every", `a number of milliseconds from 1 to ${LONGEST}`, every);
  if (dailyAt !== undefined) checkTime(dailyAt);
}

function checkTime(dailyAt: NonNullable<Job["dailyAt"]>): void {
  if (typeof dailyAt !== "object" || dailyAt === null)
    throw invalid("job.dailyAt", "an object with hour and minute", dailyAt);
  const { hour, minute = 0 } = dailyAt;
  if (!isWhole(hour, 23)) throw invalid("job.dailyAt.hour", "an integer from 0 to 23", hour);
  if (!isWhole(minute, 59)) throw invalid("job.dailyAt.minute", "an integer from 0 to 59", minute);
}

function isWhole(value: unknown, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
}
