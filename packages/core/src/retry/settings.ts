import { invalid } from "../errors.js";
import type { BackoffStrategy } from "../pipeline/options.js";
import {
  boolean,
  choice,
  defineSettings,
  duration,
  integer,
  map,
  number,
  percentage,
  type SettingsGroup,
} from "../settings/define.js";

/** Defaults of the retry stage; durations in milliseconds. @public */
export interface RetrySettings {
  enabled: boolean;
  maxAttempts: number;
  backoff: BackoffStrategy;
  baseDelay: number;
  maxDelay: number;
  multiplier: number;
  increment: number;
  jitter: number;
  maxElapsed: number | undefined;
}

const SECOND = 1000;

export const STRATEGIES: readonly BackoffStrategy[] = [
  "exponential",
  "linear",
  "constant",
  "decorrelated_jitter",
];

export const retrySettings: SettingsGroup<RetrySettings> = defineSettings<RetrySettings>("retry", {
  prefix: "BALDUR_RETRY_",
  help: "How calls that asked for it are tried again.",
  fields: {
    enabled: boolean({ env: "ENABLED", default: true, help: "false: one attempt, whatever calls ask for" }),
    maxAttempts: integer({
      env: "MAX_ATTEMPTS",
      default: 3,
      min: 1,
      max: 20,
      help: "total tries, the first included",
    }),
    backoff: choice({
      env: "BACKOFF_STRATEGY",
      values: STRATEGIES,
      default: "exponential",
      help: "how waits grow",
    }),
    baseDelay: duration({
      env: "BASE_DELAY",
      default: SECOND,
      unit: "s",
      min: 1,
      max: 60 * SECOND,
      help: "the first wait",
    }),
    maxDelay: duration({
      env: "MAX_DELAY",
      default: 60 * SECOND,
      unit: "s",
      min: 1,
      max: 3600 * SECOND,
      help: "the longest wait; a cooldown that is longer defers the call",
    }),
    multiplier: number({
      envName: "BALDUR_BACKOFF_EXPONENTIAL_MULTIPLIER",
      default: 2,
      min: 1,
      max: 10,
      help: "growth of exponential waits",
    }),
    increment: duration({
      envName: "BALDUR_BACKOFF_LINEAR_INCREMENT",
      default: SECOND,
      unit: "s",
      min: 0,
      max: 60 * SECOND,
      help: "growth of linear waits",
    }),
    jitter: number({
      envName: "BALDUR_BACKOFF_JITTER",
      default: 0.2,
      min: 0,
      max: 1,
      help: "share of a wait that is drawn at random, either way",
    }),
    maxElapsed: duration<number | undefined>({
      env: "MAX_ELAPSED",
      unit: "s",
      min: 1,
      help: "no wait is begun that would end later than this after the first attempt began; unset: none",
    }),
  },
});

/** A budget of one name. @public */
export interface RetryBudgetOptions {
  /** Percentage of calls that may be retries. */
  ratio?: number;
  /** Retries per second that are always allowed. */
  minimumPerSecond?: number;
}

/** @public */
export interface RetryBudgetSettings {
  enabled: boolean;
  ratio: number;
  minimumPerSecond: number;
  overrides: Record<string, RetryBudgetOptions>;
}

export const retryBudgetSettings: SettingsGroup<RetryBudgetSettings> = defineSettings<RetryBudgetSettings>(
  "retryBudget",
  {
    prefix: "BALDUR_RETRY_BUDGET_",
    help: "How many retries the whole process may add, so that retrying does not kill what is failing.",
    fields: {
      enabled: boolean({
        env: "ENABLED",
        default: true,
        help: "false: every call retries as its own policy says",
      }),
      ratio: percentage({
        env: "RATIO",
        default: 20,
        help: "retries as a share of the calls of the last ten seconds",
      }),
      minimumPerSecond: number({
        env: "MINIMUM_PER_SECOND",
        default: 10,
        min: 0,
        max: 10_000,
        help: "retries per second that are allowed whatever the share",
      }),
      overrides: map<RetryBudgetOptions>({
        env: "OVERRIDES",
        default: {},
        help: "a budget of its own for a name: `ratio`, `minimumPerSecond`",
        validate: validateBudget,
      }),
    },
  },
);

function validateBudget(budget: RetryBudgetOptions, at: string): void {
  const { ratio = 0, minimumPerSecond = 0, ...rest } = budget;
  if (!(ratio >= 0 && ratio <= 100)) throw invalid(`${at}.ratio`, "a percentage", ratio);
  if (!(minimumPerSecond >= 0))
    throw invalid(`${at}.minimumPerSecond`, "a number of at least 0", minimumPerSecond);
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw invalid(`${at}.${unknown}`, "ratio or minimumPerSecond", unknown);
}
