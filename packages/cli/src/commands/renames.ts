/** An old name, or the beginning of old names, and what stands in its place now. */
type Rename = readonly [old: RegExp, now: string];

/** Of the engine alone: others that begin with CORRELATION have kept their names. */
const CORRELATION_ENGINE = [
  ...["ENABLED", "ANALYSIS_INTERVAL_SECONDS", "STATE_PERSISTENCE_ENABLED"],
  ...["WEIGHT_TOPOLOGY", "WEIGHT_TEMPORAL", "WEIGHT_BLAST_RADIUS", "WEIGHT_HISTORICAL"],
  ...["LEARNING_INTEGRATION_ENABLED", "POSTMORTEM_INTEGRATION_ENABLED"],
];

/** By the beginning of old names: that of new ones, and what current names have after the old beginning. */
const FAMILIES: Readonly<Record<string, readonly [now: string, current?: string]>> = {
  CANARY_GOV_: ["CANARY_GOVERNANCE_"],
  RECOVERY_COORD_: ["RECOVERY_COORDINATOR_"],
  META_: ["META_WATCHDOG_"],
  RATE_LIMIT_THROTTLE_: ["RATE_LIMIT_THROTTLE_INTEGRATION_"],
  REGIONAL_RECOVERY_: ["REGIONAL_RECOVERY_POLICY_"],
  REDIS_GUARD_: ["REDIS_KEY_GUARD_"],
  CB_ADV_: ["CB_ADVANCED_"],
  API_RATE_: ["API_RATE_LIMIT_"],
  EVENTBUS_: ["EVENT_BUS_"],
  SHUTDOWN_: ["RECOVERY_SHUTDOWN_"],
  FORECASTER_: ["PREDICTIVE_FORECASTER_"],
  ROLLBACK_: ["AUTO_ROLLBACK_"],
  DECISION_: ["DECISION_ENGINE_"],
  RESOURCE_: ["RESOURCE_MONITOR_", "GUARD_"],
  LOGGING_: ["LOGGING_SETTINGS_"],
  RUNTIME_: ["RUNTIME_FEEDBACK_", "CONFIG_"],
  JOURNAL_: ["EVENT_JOURNAL_"],
  REPLAY_: ["REPLAY_AUTOMATION_", "CONCURRENCY\\b|LEASE_|RAMP_UP_|RATE_"],
  CELERY_: ["CELERY_TASK_"],
  SECRET_: ["SECRETS_"],
  BOUNDS_: ["SAFETY_BOUNDS_"],
  SHADOW_: ["CONFIG_SHADOW_"],
  LEADER_: ["LEADER_ELECTION_"],
  THREAD_: ["THREAD_MANAGEMENT_"],
  DRIFT_: ["DRIFT_THRESHOLD_", "DETECTION_"],
  STATE_: ["SYSTEM_CONTROL_", "CACHE_"],
  APPLY_: ["APPLY_STRATEGY_"],
  SLACK_: ["SLACK_CHANNEL_"],
  ARQ_: ["ARQ_TASK_"],
  AUTO_: ["AUTO_CONFIG_", "ROLLBACK_|TUNING_"],
  ML_: ["ML_MODELS_"],
};

/** The first that fits a line changes it. Each is blind to names that are current, so that a second run changes nothing. */
const RENAMES: readonly Rename[] = [
  [/^BALDUR_(DLQ|CB|REPLAY|SLA)_LOG_LEVEL(?=[ \t]*=)/, "BALDUR_EVENT_LOGGING_$1_LOG_LEVEL"],
  [
    new RegExp(`^BALDUR_CORRELATION_(${CORRELATION_ENGINE.join("|")})(?=[ \\t]*=)`),
    "BALDUR_CORRELATION_ENGINE_$1",
  ],
  ...Object.entries(FAMILIES).map(([old, [now, current]]) => family(old, now, current)),
];

function family(old: string, now: string, current: string | undefined): Rename {
  const rest = now.startsWith(old) ? [now.slice(old.length), current] : [current];
  const blind = rest.filter(Boolean).join("|");
  const pattern = `^BALDUR_${old}${blind === "" ? "" : `(?!${blind})`}(?=[A-Z0-9_]+[ \\t]*=)`;
  return [new RegExp(pattern), `BALDUR_${now}`];
}

/** A text of lines with the new names, and how many lines have changed. What is indented, exported or a comment stays. */
export function renamed(text: string): { readonly text: string; readonly count: number } {
  let count = 0;
  const lines = text.split(/(?<=\n)/).map((line) => {
    const rename = RENAMES.find(([old]) => old.test(line));
    if (rename === undefined) return line;
    count++;
    return line.replace(...rename);
  });
  return { text: lines.join(""), count };
}
