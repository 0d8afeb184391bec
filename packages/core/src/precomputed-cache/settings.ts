import { boolean, defineSettings, duration, integer, type SettingsGroup } from "../settings/define.js";

const SECOND = 1000;

/** @public */
export interface PrecomputedCacheSettings {
  enabled: boolean;
  ttl: number;
  refreshInterval: number;
  failureThreshold: number;
  recoveryTimeout: number;
  maxBackoff: number;
}

export const precomputedCacheSettings: SettingsGroup<PrecomputedCacheSettings> =
  defineSettings<PrecomputedCacheSettings>("precomputedCache", {
    prefix: "BALDUR_PRECOMPUTED_CACHE_",
    help: "Answers about health that are kept ready, so that a storm of questions costs nothing.",
    fields: {
      enabled: boolean({
        env: "ENABLED",
        default: true,
        help: "false: every question is answered anew, though one answer serves all who ask at the same time",
      }),
      ttl: duration({
        env: "L1_TTL_SECONDS",
        unit: "s",
        default: 2 * SECOND,
        min: 100,
        max: 60 * SECOND,
        help: "how long an answer is given again",
      }),
      refreshInterval: duration({
        env: "REFRESH_INTERVAL_SECONDS",
        unit: "s",
        default: 10 * SECOND,
        min: SECOND,
        max: 300 * SECOND,
        help: "an answer is made at least this often, asked for or not, which keeps the gauges of health current",
      }),
      failureThreshold: integer({
        env: "CB_FAILURE_THRESHOLD",
        default: 3,
        min: 1,
        max: 100,
        help: "failures in a row after which nothing is tried for a while",
      }),
      recoveryTimeout: duration({
        env: "CB_RECOVERY_TIMEOUT_SECONDS",
        unit: "s",
        default: 30 * SECOND,
        min: SECOND,
        max: 3600 * SECOND,
        help: "how long nothing is tried then",
      }),
      maxBackoff: duration({
        env: "MAX_BACKOFF_SECONDS",
        unit: "s",
        default: 300 * SECOND,
        min: SECOND,
        max: 3600 * SECOND,
        help: "the longest time between attempts of the background after failures in a row",
      }),
    },
  });
