import type { Api } from "../api/client.js";
import type {
  CircuitRow,
  ControlAnswer,
  DivergenceReport,
  HealthAnswer,
  JobRow,
  Posture,
  QueueStats,
  SchedulerAnswer,
  SettingRow,
  StorageAnswer,
  SummaryAnswer,
} from "../api/types.js";
import { objectOf, rowsOf } from "./shape.js";
import { Source, type SourceOptions } from "./source.js";

/** The parts of the server. Those of `always` are asked all the time: the verdict is made of them. */
export interface Sources {
  readonly always: {
    readonly control: Source<ControlAnswer>;
    readonly circuits: Source<readonly CircuitRow[]>;
    readonly queue: Source<QueueStats>;
    readonly storage: Source<StorageAnswer>;
    readonly health: Source<HealthAnswer>;
    readonly scheduler: Source<SchedulerAnswer>;
    readonly posture: Source<Posture>;
  };
  readonly summary: Source<SummaryAnswer>;
  readonly config: Source<readonly SettingRow[]>;
}

/** What the sources are called where people read of them. */
export const NAMES: Readonly<Record<keyof Sources["always"], string>> = {
  control: "system control",
  circuits: "circuits",
  queue: "dead letters",
  storage: "shared state",
  health: "health",
  scheduler: "scheduled jobs",
  posture: "posture",
};

const begins =
  (...prefixes: string[]) =>
  (event: string): boolean =>
    prefixes.some((prefix) => event.startsWith(prefix));

export function createSources(api: Api): Sources {
  const source = <T>(options: SourceOptions<T>): Source<T> => new Source(api, options);
  return {
    always: {
      control: source({
        path: "system/status",
        every: 5000,
        read: (answer) => objectOf<ControlAnswer>(answer, { disabled: "object", dryRunSince: "object" }),
        follows: begins("system_control."),
      }),
      circuits: source({ path: "control/status", every: 3000, read: circuitsOf }),
      queue: source({
        path: "dlq/cleanup/stats",
        every: 4000,
        read: queueOf,
        follows: begins("dlq.", "dlq_"),
      }),
      storage: source({
        path: "storage/status",
        every: 5000,
        read: storageOf,
        follows: begins("resilient_storage.", "storage.", "redis."),
      }),
      health: source({
        path: "health",
        every: 5000,
        read: (answer) => objectOf<HealthAnswer>(answer, { checks: "object" }),
      }),
      scheduler: source({
        path: "scheduler/jobs",
        every: 10_000,
        read: schedulerOf,
        follows: begins("scheduler."),
      }),
      posture: source({ path: "posture", every: 15_000, read: postureOf }),
    },
    summary: source({
      path: "dashboard/summary",
      every: 15_000,
      read: (answer) => objectOf<SummaryAnswer>(answer, SUMMARY),
      follows: begins("dlq.", "dlq_replay."),
    }),
    config: source({ path: "config", every: 60_000, read: settingsOf }),
  };
}

const SUMMARY = {
  overview: "object",
  recent_activity: "object",
  recommendations: "list",
  degraded_sources: "list",
} as const;

function postureOf(answer: unknown): Posture {
  return objectOf<Posture>(answer, { plugins: "rows", degraded: "list", entitlement: "object" });
}

function queueOf(answer: unknown): QueueStats {
  const parts = { byStatus: "object", outbox: "object", arming: "object" } as const;
  const { arming, ...rest } = objectOf<QueueStats>(answer, parts);
  return arming === undefined
    ? rest
    : { ...rest, arming: objectOf<typeof arming>(arming, { missingLinks: "list" }) };
}

function storageOf(answer: unknown): StorageAnswer {
  const { divergences, ...rest } = objectOf<StorageAnswer>(answer, { divergences: "rows" });
  const parts = { counts: "object", divergences: "rows" } as const;
  const reports = divergences?.map((report) => objectOf<DivergenceReport>(report, parts));
  return reports === undefined ? rest : { ...rest, divergences: reports };
}

function circuitsOf(answer: unknown): readonly CircuitRow[] {
  const { circuits } = objectOf<{ circuits?: unknown }>(answer);
  const parts = { window: "object", probes: "object", manual: "object", fleet: "object" } as const;
  return rowsOf<CircuitRow>(circuits, "name", parts);
}

function schedulerOf(answer: unknown): SchedulerAnswer {
  const { jobs, leading } = objectOf<{ jobs?: unknown; leading?: unknown }>(answer);
  const known = { jobs: rowsOf<JobRow>(jobs, "name", { dailyAt: "object" }) };
  return typeof leading === "boolean" ? { ...known, leading } : known;
}

function settingsOf(answer: unknown): readonly SettingRow[] {
  const areas = rowsOf<{ area: string; settings?: unknown }>(
    objectOf<{ areas?: unknown }>(answer).areas,
    "area",
  );
  return areas.flatMap(({ area, settings }) =>
    rowsOf<SettingRow>(settings, "key").map((row) => ({ ...row, area })),
  );
}
