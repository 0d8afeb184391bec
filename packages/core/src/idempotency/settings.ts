import {
  boolean,
  choice,
  defineSettings,
  duration,
  integer,
  type SettingsGroup,
} from "../settings/define.js";

/** Settings of idempotency; durations in milliseconds. @public */
export interface IdempotencySettings {
  backend: "auto" | "memory" | "embedded" | "redis" | "sql";
  enabled: boolean;
  ttl: number;
  executionTtl: number;
  failOpen: boolean;
  clockSkewTolerance: number;
  memoryMaxKeys: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 1440 * MINUTE;

export const idempotencySettings: SettingsGroup<IdempotencySettings> = defineSettings<IdempotencySettings>(
  "idempotency",
  {
    prefix: "BALDUR_IDEMPOTENCY_",
    help: "How long work is remembered by its key, and what happens when nobody can tell.",
    fields: {
      backend: choice({
        env: "BACKEND",
        values: ["auto", "memory", "embedded", "redis", "sql"],
        default: "auto",
        help: "where claims are kept; `auto` is the first there is of `redis`, `sql`, `embedded` and `memory`",
      }),
      enabled: boolean({ env: "ENABLED", default: true, help: "false: every call runs unguarded" }),
      ttl: duration({
        env: "GATE_MEMORY_TTL_SECONDS",
        default: 30 * MINUTE,
        unit: "s",
        min: MINUTE,
        max: DAY,
        help: "how long work is remembered after it ended; default of idempotency.ttl",
      }),
      executionTtl: duration({
        env: "EXECUTION_TTL_SECONDS",
        default: 30 * MINUTE,
        unit: "s",
        min: SECOND,
        max: DAY,
        help: "how long a running claim is honoured, so more than the work ever takes; default of idempotency.executionTtl",
      }),
      failOpen: boolean({
        env: "FAIL_OPEN_ON_CACHE_ERROR",
        default: false,
        help: "true: a call runs unguarded when the store cannot answer; default of idempotency.failOpen",
      }),
      clockSkewTolerance: duration({
        env: "CLOCK_SKEW_TOLERANCE_SECONDS",
        default: 5 * SECOND,
        unit: "s",
        min: 0,
        max: MINUTE,
        help: "how far the clocks of processes may differ before a claim looks stale too early",
      }),
      memoryMaxKeys: integer({
        env: "MEMORY_MAX_KEYS",
        default: 1_000_000,
        min: 1,
        max: 10_000_000,
        help: "keys that the in-memory store remembers at a time; beyond it new ones are refused",
      }),
    },
  },
);
