import { boolean, defineSettings, duration, integer, type SettingsGroup, text } from "../settings/define.js";

const SECOND = 1000;
const MEBIBYTE = 2 ** 20;

/** @public */
export interface ResilientStorageSettings {
  walDir: string | undefined;
  recoveryJitterMax: number;
  recoveryProbeInterval: number;
  autoRecovery: boolean;
  allowMemoryOnly: boolean;
  degradedBlobMemoryMaxBytes: number;
}

export const resilientStorageSettings: SettingsGroup<ResilientStorageSettings> =
  defineSettings<ResilientStorageSettings>("resilientStorage", {
    prefix: "BALDUR_RESILIENT_STORAGE_",
    help: "How a process goes on while Redis is away, and comes back.",
    fields: {
      walDir: text<string | undefined>({
        env: "WAL_DIR",
        help: "folder of the write-ahead log; default: `wal` in BALDUR_DATA_DIR, else /var/log/baldur/wal; in production no other one will do",
      }),
      recoveryJitterMax: duration({
        env: "RECOVERY_JITTER_MAX",
        unit: "s",
        default: 5 * SECOND,
        min: 0,
        max: 30 * SECOND,
        help: "a recovery begins within this time after Redis answers, so that a fleet does not come back at once; at most the probe interval counts",
      }),
      recoveryProbeInterval: duration({
        env: "RECOVERY_PROBE_INTERVAL",
        unit: "s",
        default: 5 * SECOND,
        min: SECOND,
        max: 60 * SECOND,
        help: "time between looks whether Redis answers again",
      }),
      autoRecovery: boolean({
        env: "AUTO_RECOVERY",
        default: true,
        help: "false: what is degraded stays so until checkAndRecover() is called",
      }),
      allowMemoryOnly: boolean({
        env: "ALLOW_MEMORY_ONLY",
        default: false,
        help: "start where no folder for the write-ahead log can be used; what is written while Redis is away is then lost with the process",
      }),
      degradedBlobMemoryMaxBytes: integer({
        env: "DEGRADED_BLOB_MEMORY_MAX_BYTES",
        default: 128 * MEBIBYTE,
        min: MEBIBYTE,
        max: 2048 * MEBIBYTE,
        help: "memory for blobs while Redis is away; beyond it those leave that were not used for longest",
      }),
    },
  });
