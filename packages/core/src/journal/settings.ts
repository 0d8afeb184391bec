import {
  boolean,
  choice,
  defineSettings,
  duration,
  integer,
  type SettingsGroup,
} from "../settings/define.js";

const DAY = 86_400_000;

/** @public */
export interface JournalSettings {
  enabled: boolean;
  backend: "auto" | "memory" | "embedded" | "redis" | "sql";
  maxEntries: number;
  retention: number;
}

export const journalSettings: SettingsGroup<JournalSettings> = defineSettings<JournalSettings>("journal", {
  prefix: "BALDUR_EVENT_JOURNAL_",
  help: "The journal of what happened.",
  fields: {
    enabled: boolean({ env: "ENABLED", default: true, help: "keep a journal, from the start on" }),
    backend: choice({
      env: "BACKEND",
      values: ["auto", "memory", "embedded", "redis", "sql"],
      default: "auto",
      help: "`auto` is the database of the fleet where there is one, else its Redis, else the embedded folder, else memory",
    }),
    maxEntries: integer({
      env: "MAX_ENTRIES",
      default: 10_000,
      min: 100,
      max: 1_000_000,
      help: "entries that are kept, by all processes that share the store; the oldest make room, within the hour",
    }),
    retention: duration({
      env: "RETENTION_DAYS",
      unit: "d",
      default: 30 * DAY,
      min: DAY,
      max: 365 * DAY,
      help: "time for which an entry is shown",
    }),
  },
});
