import { defineEvent, type EventDefinition } from "../telemetry/event.js";

export const entriesTrimmed: EventDefinition<{
  date_key: string;
  pre_trim_len: number;
  max_len: number;
  dropped_count: number;
}> = defineEvent<{ date_key: string; pre_trim_len: number; max_len: number; dropped_count: number }>()(
  "daily_report_collector.entries_trimmed",
  { level: "warning", help: "a day has more entries than may be kept; the oldest went" },
);

export const daysUnavailable: EventDefinition<{ error: string }> = defineEvent<{ error: string }>()(
  "daily_report_collector.store_unavailable",
  {
    level: "warning",
    help: "what happened today could not be written and waits in this process; once, until it can",
  },
);

export const reportGenerated: EventDefinition<{ date: string; severity: string; title: string }> =
  defineEvent<{ date: string; severity: string; title: string }>()("daily_report.generated", {
    level: "info",
    journal: true,
    help: "the report of a day was made",
  });

export const sendFailed: EventDefinition<{ date: string; error: string; attempt: number }> = defineEvent<{
  date: string;
  error: string;
  attempt: number;
}>()("daily_report.send_failed", {
  level: "warning",
  help: "a report could not be made or sent; tried again as often as the settings say",
});
