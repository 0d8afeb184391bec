import {
  boolean,
  choice,
  defineSettings,
  duration,
  list,
  type SettingsGroup,
  text,
} from "../settings/define.js";

const SECOND = 1000;

/** @public */
export interface SchedulerSettings {
  autostart: boolean;
  disabledJobs: readonly string[] | undefined;
}

export const schedulerSettings: SettingsGroup<SchedulerSettings> = defineSettings<SchedulerSettings>(
  "scheduler",
  {
    prefix: "BALDUR_SCHEDULER_",
    help: "Work that is done again and again, by one process.",
    fields: {
      autostart: boolean({
        env: "AUTOSTART",
        default: true,
        help: "false: this process stands for no election and runs no job",
      }),
      disabledJobs: list({ env: "DISABLED_JOBS", help: "jobs that are not run, by name" }),
    },
  },
);

/** @public */
export interface LeaderElectionSettings {
  enabled: boolean;
  backend: "redis" | "kubernetes";
  nodeId: string | undefined;
  leaseTtl: number;
  renewInterval: number | undefined;
  retryInterval: number;
}

export const leaderElectionSettings: SettingsGroup<LeaderElectionSettings> =
  defineSettings<LeaderElectionSettings>("leaderElection", {
    prefix: "BALDUR_LEADER_ELECTION_",
    help: "Which process does what only one may do.",
    fields: {
      enabled: boolean({
        env: "ENABLED",
        default: false,
        help: "one process of the fleet leads, which needs a package that elects it; false: one of each host",
      }),
      backend: choice({
        env: "BACKEND",
        values: ["redis", "kubernetes"],
        default: "redis",
        help: "what the fleet agrees by",
      }),
      nodeId: text<string | undefined>({
        env: "NODE_ID",
        help: "how this process is called in an election; default: the name of the host",
      }),
      leaseTtl: duration({
        env: "LEASE_TTL_SECONDS",
        unit: "s",
        default: 30 * SECOND,
        min: 5 * SECOND,
        max: 300 * SECOND,
        help: "time after which a leader that is not heard of is succeeded",
      }),
      renewInterval: duration<number | undefined>({
        env: "RENEW_INTERVAL_SECONDS",
        unit: "s",
        min: SECOND,
        max: 150 * SECOND,
        help: "how often a leader says that it is there; default a quarter of that time, and always less than half of it",
      }),
      retryInterval: duration({
        env: "RETRY_INTERVAL_SECONDS",
        unit: "s",
        default: 5 * SECOND,
        min: 100,
        max: 300 * SECOND,
        help: "how often others look whether the seat is free, give or take half",
      }),
    },
  });
