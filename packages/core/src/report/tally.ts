import type { TelemetryEvent } from "../telemetry/event.js";
import type { DailyReportEntry } from "./reports.js";

/** What a day is counted in. */
export type Counter = (typeof COUNTERS)[number];
export type Counts = Readonly<Partial<Record<Counter, number>>>;

export const COUNTERS = [
  "archived",
  "expired",
  "purged",
  "recovered",
  "circuit_transitions",
  "circuit_opened",
  "circuit_closed",
  "dlq_new_entries",
  "dlq_resolved",
  "dlq_manual_resolutions",
  "dlq_ttl_expired",
  "dlq_max_retries_exhausted",
  "task_failures",
  "critical_alerts",
  "auto_replay_batches",
  "auto_replay_recovered",
  "auto_replay_failed",
  /** Not shown as they are: what was done without anybody's asking, and of it the transitions of circuits. */
  "processed",
  "automatic_transitions",
] as const;

/** What an event adds to its day. */
export interface Contribution {
  readonly counts?: Counts;
  readonly entry?: Omit<DailyReportEntry, "timestamp">;
  /** Counted by its name. */
  readonly custom?: string;
}

type Payload = Readonly<Record<string, unknown>>;
type Rule = (payload: Payload) => Contribution;

const NOTHING: Contribution = {};
const LONGEST = 200;
/** Nobody asked for these replays. */
const AUTOMATIC: readonly unknown[] = ["auto_replay_circuit_close", "scheduled_batch"];

const RULES: Readonly<Record<string, Rule>> = {
  "circuit_breaker.opened": (payload) => transition(payload, { circuit_opened: 1 }),
  "circuit_breaker.half_opened": (payload) => transition(payload, {}),
  "circuit_breaker.closed": (payload) => transition(payload, { circuit_closed: 1 }),
  "scheduler.job_failed": failedTask,
  "dlq.maintenance_failed": failedTask,
  "dlq.entry_created": ({ count }) => ({ counts: { dlq_new_entries: amount(count) } }),
  "dlq_replay.completed": ({ success, trigger }) => {
    if (success !== true) return NOTHING;
    return { counts: { dlq_resolved: 1, ...(AUTOMATIC.includes(trigger) && { processed: 1 }) } };
  },
  "dlq_replay.exhausted": () => ({ counts: { dlq_max_retries_exhausted: 1 } }),
  "dlq_replay.batch_completed": replayedBatch,
  "dlq.entry_operated": operated,
  "dlq.entries_expired": ({ entries }) => {
    const expired = amount(entries);
    return {
      counts: { processed: expired, expired, dlq_ttl_expired: expired },
      entry: done("dlq_expiry", { expired }),
    };
  },
  "dlq.entries_archived": ({ entries }) => {
    const archived = amount(entries);
    return { counts: { processed: archived, archived }, entry: done("dlq_archive", { archived }) };
  },
  "dlq.entries_purged": ({ entries }) => {
    const purged = amount(entries);
    return { counts: { processed: purged, purged }, entry: done("dlq_purge", { purged }) };
  },
  "dlq.stale_released": ({ entries }) => {
    const recovered = amount(entries);
    return { counts: { processed: recovered, recovered } };
  },
};

/** The names of the events that are counted in a way of their own. */
export const RULED: readonly string[] = Object.keys(RULES);

/** Warnings, and worse, that nothing else counts are counted by their names. Undefined: it adds nothing. */
export function contributionOf({ name, level, payload }: TelemetryEvent): Contribution | undefined {
  const rule = RULES[name];
  if (rule !== undefined) return rule(payload);
  if (level === "critical") return alert(name, payload);
  return level === "warning" || level === "error" ? { custom: name } : undefined;
}

/** One that an operator made is not what was done without anybody's asking. */
function transition({ trigger }: Payload, counts: Counts): Contribution {
  const automatic = trigger === "manual" ? {} : { processed: 1, automatic_transitions: 1 };
  return { counts: { circuit_transitions: 1, ...counts, ...automatic } };
}

function alert(name: string, { error, reason }: Payload): Contribution {
  const why = error ?? reason;
  const result = typeof why === "string" ? { reason: cut(why) } : {};
  return { counts: { critical_alerts: 1 }, entry: { task_name: name, result, severity: "critical" } };
}

function failedTask({ job, error }: Payload): Contribution {
  const entry = {
    task_name: cut(job),
    result: { failures: 1, error: cut(error) },
    severity: "warning",
  } as const;
  return { counts: { task_failures: 1 }, entry };
}

function replayedBatch({ trigger, success_count, failed_count }: Payload): Contribution {
  if (!AUTOMATIC.includes(trigger)) return NOTHING;
  const [recovered, failed] = [amount(success_count), amount(failed_count)];
  return {
    counts: { auto_replay_batches: 1, auto_replay_recovered: recovered, auto_replay_failed: failed },
    entry: done("auto_replay_batch", { batches: 1, recovered, failed }),
  };
}

function operated({ action, success }: Payload): Contribution {
  if (success !== true || (action !== "resolve" && action !== "reject")) return NOTHING;
  return { counts: { dlq_manual_resolutions: 1, ...(action === "resolve" && { dlq_resolved: 1 }) } };
}

function done(task: string, result: Readonly<Record<string, number>>): NonNullable<Contribution["entry"]> {
  return { task_name: task, result, severity: "info" };
}

function amount(value: unknown): number {
  return typeof value === "number" && value > 0 ? value : 0;
}

function cut(value: unknown): string {
  return String(value).slice(0, LONGEST);
}
