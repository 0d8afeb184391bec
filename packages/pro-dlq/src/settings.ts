import {
  boolean,
  choice,
  defineSettings,
  dictionary,
  duration,
  integer,
  list,
  number,
  type SettingsGroup,
  secret,
  text,
} from "@baldur/core/plugin";
import type { DlqBackend } from "./store/choice.js";
import type { OverflowStrategy } from "./store/store.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** @public */
export interface DlqSettings {
  enabled: boolean;
  backend: DlqBackend;
  maxSize: number;
  maxSizePerDomain: number;
  overflowStrategy: OverflowStrategy;
  requestDataMaxBytes: number;
  fieldMaxBytes: number;
  truncateBlocksReplay: boolean;
  sensitiveKeys: readonly string[] | undefined;
  expiry: number;
  retention: number;
  compressStaleAfter: number;
  compressArchiveAfter: number;
  maxReplayAttempts: number;
  batchSize: number;
  retryDelay: number;
  staleReplayingTimeout: number;
  circuitCloseInflightTtl: number;
  outboxCapacity: number;
  outboxBatchSize: number;
  outboxDropRateThreshold: number;
  outboxJoinTimeout: number;
  fallbackPath: string | undefined;
  domainCardinalityAlertThreshold: number;
}

export const dlqSettings: SettingsGroup<DlqSettings> = defineSettings<DlqSettings>("dlq", {
  prefix: "BALDUR_DLQ_",
  help: "The dead-letter queue: what is kept, how much of it, and for how long.",
  fields: {
    enabled: boolean({ env: "ENABLED", default: true, help: "keep calls that failed for good" }),
    backend: choice<DlqBackend>({
      env: "BACKEND",
      values: ["auto", "sql", "redis", "embedded", "memory"],
      default: "auto",
      help: "where entries are kept: auto is the database, else Redis, else the folder of the host, else memory",
    }),
    maxSize: integer({
      env: "MAX_SIZE",
      default: 100_000,
      min: 1000,
      max: 10_000_000,
      help: "open entries in all",
    }),
    maxSizePerDomain: integer({
      env: "MAX_SIZE_PER_DOMAIN",
      default: 20_000,
      min: 100,
      max: 1_000_000,
      help: "open entries of one domain",
    }),
    overflowStrategy: choice<OverflowStrategy>({
      env: "OVERFLOW_STRATEGY",
      values: ["drop_oldest", "reject", "compress_oldest"],
      default: "drop_oldest",
      help: "what happens at a cap: the oldest entry goes, or goes into a summary, or the new one is refused",
    }),
    requestDataMaxBytes: integer({
      env: "REQUEST_DATA_MAX_BYTES",
      default: 262_144,
      min: 256,
      max: 16_777_216,
      help: "bytes of JSON that the captured arguments may have; what is larger is cut and not replayed by itself",
    }),
    fieldMaxBytes: integer({
      env: "FIELD_MAX_BYTES",
      default: 4096,
      min: 256,
      max: 1_048_576,
      help: "bytes of JSON that every other captured field may have",
    }),
    truncateBlocksReplay: boolean({
      env: "TRUNCATE_BLOCKS_REPLAY",
      default: true,
      help: "an entry whose request was cut is not handed to a handler, not even one with a source of its own",
    }),
    sensitiveKeys: list({
      env: "SENSITIVE_KEYS",
      help: "words in names of fields that are masked, besides the built-in ones",
    }),
    expiry: duration({
      env: "EXPIRY_HOURS",
      unit: "h",
      default: 72 * HOUR,
      min: HOUR,
      max: 720 * HOUR,
      help: "a pending entry is given up after this time",
    }),
    retention: duration({
      env: "RETENTION_DAYS",
      unit: "d",
      default: 30 * DAY,
      min: DAY,
      max: 365 * DAY,
      help: "a resolved entry is archived after this time",
    }),
    compressStaleAfter: duration({
      env: "COMPRESS_STALE_AFTER_DAYS",
      unit: "d",
      default: 30 * DAY,
      min: DAY,
      help: "a summary that got no entry for this time is stale",
    }),
    compressArchiveAfter: duration({
      env: "COMPRESS_ARCHIVE_AFTER_DAYS",
      unit: "d",
      default: 90 * DAY,
      min: DAY,
      help: "a stale summary is archived after this time",
    }),
    maxReplayAttempts: integer({
      env: "MAX_REPLAY_ATTEMPTS",
      default: 2,
      min: 1,
      max: 10,
      help: "replays that an entry may have before a person must look at it",
    }),
    batchSize: integer({
      env: "BATCH_SIZE",
      default: 10,
      min: 1,
      max: 1000,
      help: "entries of a name that a scheduled pass takes at a time; it goes on while they go through",
    }),
    retryDelay: duration({
      env: "RETRY_DELAY",
      unit: "s",
      default: MINUTE,
      min: 1000,
      max: DAY,
      help: "between scheduled passes over what no closing circuit brings back; grows while they fail",
    }),
    staleReplayingTimeout: duration({
      env: "STALE_REPLAYING_TIMEOUT_MINUTES",
      unit: "min",
      default: 30 * MINUTE,
      min: MINUTE,
      max: DAY,
      help: "a replay that takes longer is taken back, even from an owner that lives, and not waited for any more",
    }),
    circuitCloseInflightTtl: duration({
      env: "CIRCUIT_CLOSE_INFLIGHT_TTL_SECONDS",
      unit: "s",
      default: 300_000,
      min: 1000,
      max: HOUR,
      help: "whoever sweeps a name has it for so long, and renews that while it sweeps",
    }),
    outboxCapacity: integer({
      env: "OUTBOX_CAPACITY",
      default: 10_000,
      min: 100,
      max: 1_000_000,
      help: "entries that may wait to be written; what is beyond goes to the spill file",
    }),
    outboxBatchSize: integer({
      env: "OUTBOX_BATCH_SIZE",
      default: 1000,
      min: 1,
      max: 10_000,
      help: "entries written at a time",
    }),
    outboxDropRateThreshold: number({
      env: "OUTBOX_DROP_RATE_THRESHOLD",
      default: 0.01,
      min: 0,
      max: 1,
      help: "share of entries that found the outbox full from which a warning is due",
    }),
    outboxJoinTimeout: duration({
      env: "OUTBOX_JOIN_TIMEOUT_SECONDS",
      unit: "s",
      default: 5000,
      min: 0,
      max: 10 * MINUTE,
      help: "how long a shutdown waits for what is not written yet; the rest goes to the spill file",
    }),
    fallbackPath: text<string | undefined>({
      env: "FALLBACK_PATH",
      help: "folder of the spill file; default: beside the store, else below the folder for temporary files",
    }),
    domainCardinalityAlertThreshold: integer({
      env: "DOMAIN_CARDINALITY_ALERT_THRESHOLD",
      default: 1024,
      min: 1,
      help: "groups of entries (by name, domain and failure type) from which a warning is due",
    }),
  },
});

/** @public */
export interface ReplaySettings {
  onRecoveryEnabled: boolean;
  onRecoveryMaxItems: number;
  adaptiveEnabled: boolean;
  adaptiveInitialItems: number;
  adaptiveMinItems: number;
  adaptiveMaxItems: number;
  adaptiveFailureThreshold: number;
  priorityEnabled: boolean;
  domainPriorities: Record<string, Priority>;
  domainMaxRetries: Record<string, number>;
  serviceFailureTypeMap: Record<string, readonly string[]>;
  rate: number;
  rampUp: number;
  concurrency: number;
  lease: number;
}

/** @public */
export type Priority = "critical" | "normal" | "low";

const PRIORITIES: readonly unknown[] = ["critical", "normal", "low"];

export const replaySettings: SettingsGroup<ReplaySettings> = defineSettings<ReplaySettings>("replay", {
  prefix: "BALDUR_REPLAY_",
  help: "How failed operations are done again.",
  fields: {
    onRecoveryEnabled: boolean({
      env: "AUTOMATION_ON_RECOVERY_ENABLED",
      default: true,
      help: "entries are replayed by themselves: when a circuit closes, at the start, and in scheduled passes",
    }),
    onRecoveryMaxItems: integer({
      env: "AUTOMATION_ON_RECOVERY_MAX_ITEMS",
      default: 100,
      min: 1,
      max: 10_000,
      help: "entries that a sweep takes at a time; it goes on until none is left",
    }),
    adaptiveEnabled: boolean({
      env: "AUTOMATION_ADAPTIVE_ENABLED",
      default: false,
      help: "the size of a batch follows how many of the last one failed",
    }),
    adaptiveInitialItems: integer({
      env: "AUTOMATION_ADAPTIVE_INITIAL_ITEMS",
      default: 50,
      min: 1,
      help: "entries of the first adaptive batch",
    }),
    adaptiveMinItems: integer({
      env: "AUTOMATION_ADAPTIVE_MIN_ITEMS",
      default: 10,
      min: 1,
      help: "least entries of an adaptive batch",
    }),
    adaptiveMaxItems: integer({
      env: "AUTOMATION_ADAPTIVE_MAX_ITEMS",
      default: 100,
      min: 1,
      help: "most entries of an adaptive batch",
    }),
    adaptiveFailureThreshold: number({
      env: "AUTOMATION_ADAPTIVE_FAILURE_THRESHOLD",
      default: 0.2,
      min: 0,
      max: 1,
      help: "share of failures from which the next adaptive batch is smaller",
    }),
    priorityEnabled: boolean({
      env: "AUTOMATION_PRIORITY_ENABLED",
      default: false,
      help: "batches over all domains take critical domains first",
    }),
    domainPriorities: dictionary<Priority>({
      env: "AUTOMATION_DOMAIN_PRIORITIES",
      default: {},
      rule: "critical, normal or low",
      accepts: (value) => PRIORITIES.includes(value),
      help: "how urgent a domain is, by name",
    }),
    domainMaxRetries: dictionary<number>({
      env: "AUTOMATION_DOMAIN_MAX_RETRIES",
      default: {},
      rule: "integers from 1 to 10",
      accepts: (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 10,
      help: "replays that an entry of a domain may have, in place of MAX_REPLAY_ATTEMPTS",
    }),
    serviceFailureTypeMap: dictionary<readonly string[]>({
      env: "AUTOMATION_SERVICE_FAILURE_TYPE_MAP",
      default: {},
      rule: "lists of failure types",
      accepts: (value) => Array.isArray(value) && value.every((type) => typeof type === "string"),
      help: "narrows which failure types a closing circuit brings back, by its name; default: all",
    }),
    rate: number({
      env: "RATE_PER_SECOND",
      default: 50,
      min: 0.1,
      max: 1_000_000,
      help: "replays per second of one name, once the ramp is over",
    }),
    rampUp: duration({
      env: "RAMP_UP_SECONDS",
      unit: "s",
      default: 30_000,
      min: 0,
      max: HOUR,
      help: "time after a recovery in which the rate grows from a tenth, so that the backlog does not kill what just came back",
    }),
    concurrency: integer({
      env: "CONCURRENCY",
      default: 4,
      min: 1,
      max: 1000,
      help: "replays of one name at a time",
    }),
    lease: duration({
      env: "LEASE_SECONDS",
      unit: "s",
      default: 30_000,
      min: 1000,
      max: HOUR,
      help: "how long a process that says nothing is believed to work on what it claimed",
    }),
  },
});

/** @public */
export interface SecretsSettings {
  encryptionKey: string | undefined;
}

export const secretsSettings: SettingsGroup<SecretsSettings> = defineSettings<SecretsSettings>("secrets", {
  prefix: "BALDUR_SECRETS_",
  help: "Keys for what is stored encrypted.",
  fields: {
    encryptionKey: secret({
      env: "ENCRYPTION_KEY",
      help: "sensitive fields of captured arguments are stored encrypted with it, and restored for a replay",
    }),
  },
});
