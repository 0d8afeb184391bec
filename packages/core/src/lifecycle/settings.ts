import { boolean, defineSettings, duration, list, type SettingsGroup } from "../settings/define.js";

const SECOND = 1000;

/** @public */
export interface ShutdownSettings {
  drainTimeout: number;
  checkInterval: number;
  maxWait: number;
  prestop: number;
  maxRequestAge: number;
  recoveryExtension: number;
  allowForce: boolean;
  logInterval: number;
  livenessPaths: readonly string[] | undefined;
  retryAfter: number;
}

export const shutdownSettings: SettingsGroup<ShutdownSettings> = defineSettings<ShutdownSettings>(
  "shutdown",
  {
    prefix: "BALDUR_RECOVERY_SHUTDOWN_",
    help: "How a process goes out of service without losing requests.",
    fields: {
      drainTimeout: duration({
        env: "DEFAULT_DRAIN_TIMEOUT_SECONDS",
        unit: "s",
        default: 30 * SECOND,
        min: 5 * SECOND,
        max: 300 * SECOND,
        help: "how long requests and calls in flight may take to end; a supervisor must wait longer before it kills",
      }),
      checkInterval: duration({
        env: "CHECK_INTERVAL_SECONDS",
        unit: "s",
        default: 500,
        min: 10,
        max: 10 * SECOND,
        help: "time between questions to the handlers of a shutdown whether they are done",
      }),
      maxWait: duration({
        env: "MAX_SHUTDOWN_WAIT_SECONDS",
        unit: "s",
        default: 600 * SECOND,
        min: 5 * SECOND,
        max: 3600 * SECOND,
        help: "the longest that a drain takes with its extensions; not less than the drain timeout",
      }),
      prestop: duration({
        env: "PRESTOP_SECONDS",
        unit: "s",
        default: 0,
        min: 0,
        max: 60 * SECOND,
        help: "how long requests are still taken after readiness has turned, for a balancer that has yet to notice; not needed where the supervisor waits before it sends the signal",
      }),
      maxRequestAge: duration({
        env: "MAX_REQUEST_AGE_SECONDS",
        unit: "s",
        default: 300 * SECOND,
        min: SECOND,
        max: 86_400 * SECOND,
        help: "a request that is older is taken for one whose end nobody told, and is waited for no more",
      }),
      recoveryExtension: duration({
        env: "RECOVERY_EXTENSION_SECONDS",
        unit: "s",
        default: 300 * SECOND,
        min: 0,
        max: 3600 * SECOND,
        help: "how much longer a drain may take while what was written in Redis' absence is being brought back",
      }),
      allowForce: boolean({
        env: "ALLOW_FORCE_SHUTDOWN",
        default: true,
        help: "false: what is in flight is waited for until the longest wait, not only until the drain timeout",
      }),
      logInterval: duration({
        env: "LOG_INTERVAL",
        unit: "s",
        default: 15 * SECOND,
        min: SECOND,
        max: 300 * SECOND,
        help: "time between events about a drain that goes on",
      }),
      livenessPaths: list({
        env: "DRAIN_LIVENESS_PATHS",
        help: "paths that are answered in a drain too, besides those for liveness and ping",
      }),
      retryAfter: duration({
        env: "DRAIN_DEFAULT_RETRY_AFTER_SECONDS",
        unit: "s",
        default: 5 * SECOND,
        min: SECOND,
        max: 300 * SECOND,
        help: "what a refused request is told to wait where no time is left to tell",
      }),
    },
  },
);

/** What is wrong with settings that are each right. */
export function shutdownProblems({ drainTimeout, maxWait }: ShutdownSettings): string[] {
  if (maxWait >= drainTimeout) return [];
  return [
    `BALDUR_RECOVERY_SHUTDOWN_MAX_SHUTDOWN_WAIT_SECONDS must not be less than BALDUR_RECOVERY_SHUTDOWN_DEFAULT_DRAIN_TIMEOUT_SECONDS; received ${maxWait / SECOND} and ${drainTimeout / SECOND}`,
  ];
}
