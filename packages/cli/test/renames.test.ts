// Names of variables: every renaming there is, and every name that has to stay.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { renamed } from "../src/commands/renames.js";

const FAMILIES: readonly (readonly [old: string, now: string, ...current: string[]])[] = [
  ["CANARY_GOV_", "CANARY_GOVERNANCE_"],
  ["RECOVERY_COORD_", "RECOVERY_COORDINATOR_"],
  ["META_", "META_WATCHDOG_"],
  ["RATE_LIMIT_THROTTLE_", "RATE_LIMIT_THROTTLE_INTEGRATION_"],
  ["REGIONAL_RECOVERY_", "REGIONAL_RECOVERY_POLICY_"],
  ["REDIS_GUARD_", "REDIS_KEY_GUARD_"],
  ["CB_ADV_", "CB_ADVANCED_"],
  ["API_RATE_", "API_RATE_LIMIT_"],
  ["EVENTBUS_", "EVENT_BUS_"],
  ["SHUTDOWN_", "RECOVERY_SHUTDOWN_"],
  ["FORECASTER_", "PREDICTIVE_FORECASTER_"],
  ["ROLLBACK_", "AUTO_ROLLBACK_"],
  ["DECISION_", "DECISION_ENGINE_"],
  ["RESOURCE_", "RESOURCE_MONITOR_", "RESOURCE_GUARD_"],
  ["LOGGING_", "LOGGING_SETTINGS_"],
  ["RUNTIME_", "RUNTIME_FEEDBACK_", "RUNTIME_CONFIG_"],
  ["JOURNAL_", "EVENT_JOURNAL_"],
  ["REPLAY_", "REPLAY_AUTOMATION_"],
  ["CELERY_", "CELERY_TASK_"],
  ["SECRET_", "SECRETS_"],
  ["BOUNDS_", "SAFETY_BOUNDS_"],
  ["SHADOW_", "CONFIG_SHADOW_"],
  ["LEADER_", "LEADER_ELECTION_"],
  ["THREAD_", "THREAD_MANAGEMENT_"],
  ["DRIFT_", "DRIFT_THRESHOLD_", "DRIFT_DETECTION_"],
  ["STATE_", "SYSTEM_CONTROL_", "STATE_CACHE_"],
  ["APPLY_", "APPLY_STRATEGY_"],
  ["SLACK_", "SLACK_CHANNEL_"],
  ["ARQ_", "ARQ_TASK_"],
  ["AUTO_", "AUTO_CONFIG_", "AUTO_TUNING_", "AUTO_ROLLBACK_"],
  ["ML_", "ML_MODELS_"],
];
const EXACT: readonly (readonly [old: string, now: string])[] = [
  ...["DLQ", "CB", "REPLAY", "SLA"].map(
    (area) => [`${area}_LOG_LEVEL`, `EVENT_LOGGING_${area}_LOG_LEVEL`] as const,
  ),
  ...[
    ...["ENABLED", "ANALYSIS_INTERVAL_SECONDS", "WEIGHT_TOPOLOGY", "WEIGHT_TEMPORAL", "WEIGHT_BLAST_RADIUS"],
    ...["WEIGHT_HISTORICAL", "LEARNING_INTEGRATION_ENABLED", "POSTMORTEM_INTEGRATION_ENABLED"],
    "STATE_PERSISTENCE_ENABLED",
  ].map((key) => [`CORRELATION_${key}`, `CORRELATION_ENGINE_${key}`] as const),
];
const STAYING = [
  ...["LICENSE_KEY", "LICENSE_FILE", "LOG_LEVEL", "CORRELATION_LOOKBACK_SECONDS", "CORRELATION_ENABLED_X"],
  ...["REPLAY_RATE_PER_SECOND", "REPLAY_CONCURRENCY", "RUNTIME_CONFIG_WATCH_INTERVAL_SECONDS"],
];
const PAIRS = [...FAMILIES.map(([old, now]) => [`${old}ENABLED`, `${now}ENABLED`] as const), ...EXACT];

const becomes = (line: string, now: string): void =>
  expect(renamed(line)).toEqual({ text: now, count: line === now ? 0 : 1 });

describe("a variable of an old name", () => {
  it.each(PAIRS)("BALDUR_%s is BALDUR_%s now, and stays that", (old, now) => {
    becomes(`BALDUR_${old}=a=b`, `BALDUR_${now}=a=b`);
    becomes(`BALDUR_${old} \t= 1\r\n`, `BALDUR_${now} \t= 1\r\n`);
    becomes(`BALDUR_${now}=1`, `BALDUR_${now}=1`);
  });

  it.each(PAIRS)("BALDUR_%s is left alone where it names no variable of the file", (old) => {
    for (const line of [
      `# BALDUR_${old}=1`,
      ` BALDUR_${old}=1`,
      `export BALDUR_${old}=1`,
      `X=BALDUR_${old}=`,
    ])
      becomes(line, line);
  });
});

describe("a current name", () => {
  it.each([...FAMILIES.flatMap(([, , ...current]) => current.map((each) => `${each}SIZE`)), ...STAYING])(
    "BALDUR_%s stays",
    (name) => becomes(`BALDUR_${name}=1`, `BALDUR_${name}=1`),
  );

  it("stays, whatever is documented [newer names collide with old rules]", () => {
    const page = readFileSync(new URL("../../../docs/settings.md", import.meta.url), "utf8");
    const names = [...new Set(page.match(/BALDUR_[A-Z0-9_]+/g))];
    expect(names.length).toBeGreaterThan(150);
    for (const name of names) becomes(`${name}=1`, `${name}=1`);
  });
});

it("changes nothing the second time, whatever the file", () => {
  const name = fc.constantFrom(...PAIRS.flat(), ...FAMILIES.flat());
  const tail = fc.stringMatching(/^[A-Z_]{0,12} ?=\w*$/);
  const line = fc.oneof(
    fc.tuple(name, tail).map(([begin, end]) => `BALDUR_${begin}${end}`),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(line), fc.constantFrom("\n", "\r\n"), (lines, end) => {
      const once = renamed(lines.join(end)).text;
      expect(renamed(once)).toEqual({ text: once, count: 0 });
    }),
  );
});
