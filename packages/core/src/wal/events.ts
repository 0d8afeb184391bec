import { defineEvent, type EventDefinition } from "../telemetry/event.js";

export const diskFullFailopen: EventDefinition<{ folder: string; reason: string }> = defineEvent<{
  folder: string;
  reason: string;
}>()("wal.disk_full_failopen", {
  level: "critical",
  journal: true,
  help: "the log cannot be written; records are acknowledged and kept in memory, and lost if the process ends",
});

export const diskRecovered: EventDefinition<{ folder: string; entries: number }> = defineEvent<{
  folder: string;
  entries: number;
}>()("wal.disk_recovered", {
  level: "info",
  journal: true,
  help: "the log can be written again; what was kept in memory is on the disk",
});

export const folderFallback: EventDefinition<{ folder: string; refused: string; remedy: string }> =
  defineEvent<{
    folder: string;
    refused: string;
    remedy: string;
  }>()("wal.folder_fallback", {
    level: "warning",
    help: "the usual folder of the log cannot be used, and another one is",
  });

export const fileUnreadable: EventDefinition<{ file: string; reason: string }> = defineEvent<{
  file: string;
  reason: string;
}>()("wal.file_unreadable", {
  level: "warning",
  journal: true,
  help: "a file of the log cannot be read now; it is left alone and looked at again",
});

export const versionUnknown: EventDefinition<{ file: string }> = defineEvent<{ file: string }>()(
  "wal.version_unknown",
  { level: "warning", journal: true, help: "a file of the log is of another version; it is left alone" },
);

export const fileTakenAway: EventDefinition<{ file: string }> = defineEvent<{ file: string }>()(
  "wal.file_taken_away",
  {
    level: "warning",
    journal: true,
    help: "a file of the log was renamed or removed by somebody else while it was written",
  },
);

export const recordsCorrupt: EventDefinition<{
  file: string;
  kept_as: string;
  places: number;
  bytes: number;
}> = defineEvent<{ file: string; kept_as: string; places: number; bytes: number }>()("wal.records_corrupt", {
  level: "error",
  journal: true,
  help: "a file of the log was damaged; what could be read was handed out, and the file is kept to be looked at",
});

export const orphanAbsorbed: EventDefinition<{ file: string; entries: number }> = defineEvent<{
  file: string;
  entries: number;
}>()("wal.orphan_absorbed", {
  level: "info",
  journal: true,
  help: "what a process that is gone had left was handed out by this one",
});
