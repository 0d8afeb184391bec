import { boolean, choice, defineSettings, integer, type SettingsGroup } from "../settings/define.js";
import type { Level } from "./event.js";

/** @public */
export interface LoggingSettings {
  level: Level;
  dlqLevel: Level;
  cbLevel: Level;
  replayLevel: Level;
  slaLevel: Level;
}

const LEVELS: readonly Level[] = ["debug", "info", "warning", "error", "critical"];
const level = (name: string, fallback: Level, help: string): ReturnType<typeof choice<Level>> =>
  choice<Level>({ envName: name, values: LEVELS, default: fallback, help });

export const loggingSettings: SettingsGroup<LoggingSettings> = defineSettings<LoggingSettings>("logging", {
  prefix: "BALDUR_LOG_",
  help: "What is written to the log.",
  fields: {
    level: level("BALDUR_LOG_LEVEL", "warning", "events below it are not written"),
    dlqLevel: level(
      "BALDUR_EVENT_LOGGING_DLQ_LOG_LEVEL",
      "info",
      "the same for events of the dead-letter queue",
    ),
    cbLevel: level("BALDUR_EVENT_LOGGING_CB_LOG_LEVEL", "warning", "the same for events of circuits"),
    replayLevel: level("BALDUR_EVENT_LOGGING_REPLAY_LOG_LEVEL", "info", "the same for events of replays"),
    slaLevel: level("BALDUR_EVENT_LOGGING_SLA_LOG_LEVEL", "warning", "the same for events of service levels"),
  },
});

/** @public */
export interface MetricsSettings {
  enabled: boolean;
  maxSeries: number;
  maxEndpoints: number;
}

export const metricsSettings: SettingsGroup<MetricsSettings> = defineSettings<MetricsSettings>("metrics", {
  prefix: "BALDUR_METRICS_",
  help: "What is counted.",
  fields: {
    enabled: boolean({ env: "ENABLED", default: true, help: "count and time protected calls" }),
    maxSeries: integer({
      env: "MAX_SERIES",
      default: 1000,
      min: 100,
      max: 10_000,
      help: "series per metric; further label values share one series labelled OTHER",
    }),
    maxEndpoints: integer({
      env: "MAX_ENDPOINTS",
      default: 500,
      min: 50,
      max: 5000,
      help: "HTTP endpoints with series of their own; further ones share OTHER_ENDPOINT",
    }),
  },
});
