import { boolean, defineSettings, duration, number, type SettingsGroup } from "../settings/define.js";

/** The cooldown shared after an answer 429; durations in milliseconds. @public */
export interface RateLimitBackoffSettings {
  coordinationEnabled: boolean;
  baseDelay: number;
  defaultRetryAfter: number;
  multiplier: number;
  maxDelay: number;
  jitter: number;
  retryAfterCeiling: number;
  debounceWindow: number;
}

const SECOND = 1000;

export const rateLimitBackoffSettings: SettingsGroup<RateLimitBackoffSettings> =
  defineSettings<RateLimitBackoffSettings>("rateLimitBackoff", {
    prefix: "BALDUR_RATE_LIMIT_BACKOFF_",
    help: "How calls with the same key wait together after an answer 429.",
    fields: {
      coordinationEnabled: boolean({
        env: "COORDINATION_ENABLED",
        default: true,
        help: "false: every call waits for itself",
      }),
      baseDelay: duration({
        env: "BASE_DELAY",
        default: SECOND,
        unit: "s",
        min: 100,
        max: 60 * SECOND,
        help: "seed of the growth where the answer names a cooldown: a server that keeps naming a short one is given more time",
      }),
      defaultRetryAfter: duration({
        env: "DEFAULT_RETRY_AFTER",
        default: 5 * SECOND,
        unit: "s",
        min: 100,
        max: 60 * SECOND,
        help: "the first cooldown, where the answer names none",
      }),
      multiplier: number({
        env: "BACKOFF_MULTIPLIER",
        default: 2,
        min: 1,
        max: 10,
        help: "growth with every further 429",
      }),
      maxDelay: duration({
        env: "MAX_DELAY",
        default: 60 * SECOND,
        unit: "s",
        min: SECOND,
        max: 300 * SECOND,
        help: "the longest cooldown that grows by itself",
      }),
      jitter: number({
        env: "JITTER_PERCENT",
        default: 30,
        min: 0,
        max: 100,
        help: "percentage added at random",
      }),
      retryAfterCeiling: duration({
        env: "RETRY_AFTER_CEILING",
        default: 3600 * SECOND,
        unit: "s",
        min: 60 * SECOND,
        max: 86_400 * SECOND,
        help: "the longest cooldown that an answer may ask for",
      }),
      debounceWindow: duration({
        env: "DEBOUNCE_WINDOW_SECONDS",
        default: 5 * SECOND,
        unit: "s",
        min: 0,
        max: 60 * SECOND,
        help: "events of one key closer together than this are one",
      }),
    },
  });

/** @public */
export interface RateLimitSettings {
  enabled: boolean;
}

export const rateLimitSettings: SettingsGroup<RateLimitSettings> = defineSettings<RateLimitSettings>(
  "rateLimit",
  {
    prefix: "BALDUR_RATE_LIMIT_DECORATOR_",
    help: "The gate `rateLimit`.",
    fields: {
      enabled: boolean({ env: "ENABLED", default: true, help: "false: the gate lets every call pass" }),
    },
  },
);
