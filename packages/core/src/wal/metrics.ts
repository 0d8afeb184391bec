import { defineCounter, defineGauge, type MetricDefinition } from "../telemetry/metric.js";

export const writtenTotal: MetricDefinition<"counter"> = defineCounter("baldur_wal_entries_written_total", {
  help: "records of the log that reached the disk",
});

export const recoveredTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_wal_entries_recovered_total",
  { help: "records of the log that the shared store has taken" },
);

export const corruptedTotal: MetricDefinition<"counter"> = defineCounter("baldur_wal_corrupted_lines_total", {
  help: "places of the log that were damaged and skipped",
});

export const diskFullTotal: MetricDefinition<"counter"> = defineCounter("baldur_wal_disk_full_total", {
  help: "writes of the log that failed; their records stayed in memory",
});

export const orphansAbsorbedTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_wal_orphans_absorbed_total",
  { help: "files of processes that are gone, handed out by this one" },
);

export const rotationTotal: MetricDefinition<"counter"> = defineCounter("baldur_wal_rotation_total", {
  help: "files of the log that were closed because they were large",
});

export const currentSizeBytes: MetricDefinition<"gauge"> = defineGauge("baldur_wal_current_size_bytes", {
  help: "size of the file that is being written",
  across: "sum",
});

export const lastSequence: MetricDefinition<"gauge"> = defineGauge("baldur_wal_last_sequence", {
  help: "number of the latest record",
});

export const totalFiles: MetricDefinition<"gauge"> = defineGauge("baldur_wal_total_files", {
  help: "files of this process that were not handed out yet",
  across: "sum",
});

export const syncLagEntries: MetricDefinition<"gauge"> = defineGauge("baldur_wal_sync_lag_entries", {
  help: "records of this process that the shared store has not taken yet",
  across: "sum",
});

export const syncCursorStalled: MetricDefinition<"gauge"> = defineGauge("baldur_wal_sync_cursor_stalled", {
  help: "1 while the latest attempt to hand records out failed",
});
