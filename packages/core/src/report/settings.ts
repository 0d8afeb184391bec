import {
  boolean,
  choice,
  defineSettings,
  duration,
  integer,
  list,
  type SettingsGroup,
} from "../settings/define.js";

const SECOND = 1000;
const DAY = 86_400_000;

/** @public */
export interface DailyReportSettings {
  enabled: boolean;
  hour: number;
  minute: number;
  keep: number;
  maxEntries: number;
  maxRetries: number;
  retryDelay: number;
  channels: readonly string[] | undefined;
  shadowMode: "auto" | "daily" | "weekly" | "off";
}

/** @public */
export interface DashboardSettings {
  summaryTtl: number;
}

export const dailyReportSettings: SettingsGroup<DailyReportSettings> = defineSettings<DailyReportSettings>(
  "dailyReport",
  {
    prefix: "BALDUR_DAILY_REPORT_",
    help: "What happened on a day. Days are days of UTC.",
    fields: {
      enabled: boolean({
        env: "ENABLED",
        default: false,
        help: "make the report of the day before, once a day; days are then kept over restarts in any case, without it where the runtime has a server",
      }),
      hour: integer({
        env: "DEFAULT_HOUR",
        default: 9,
        min: 0,
        max: 23,
        help: "when it is made, by the local time of the process",
      }),
      minute: integer({
        env: "DEFAULT_MINUTE",
        default: 0,
        min: 0,
        max: 59,
        help: "the minute of that hour",
      }),
      keep: duration({
        env: "KEEP_REPORTS_DAYS",
        unit: "d",
        default: 90 * DAY,
        min: DAY,
        max: 365 * DAY,
        help: "time for which a day is shown",
      }),
      maxEntries: integer({
        env: "MAX_ENTRIES_PER_DAY",
        default: 5000,
        min: 1,
        max: 5000,
        help: "entries of a day; the oldest make room",
      }),
      maxRetries: integer({
        env: "MAX_RETRIES",
        default: 2,
        min: 0,
        max: 10,
        help: "further attempts to make a report, and to send it, where something sends messages",
      }),
      retryDelay: duration({
        env: "RETRY_DELAY",
        unit: "s",
        default: 300 * SECOND,
        min: 0,
        max: 3600 * SECOND,
        help: "time between them",
      }),
      channels: list({
        env: "DEFAULT_CHANNELS",
        default: ["slack"],
        help: "kinds of channel that it is sent to, where something sends messages",
      }),
      shadowMode: choice({
        env: "SHADOW_PRO_MODE",
        values: ["auto", "daily", "weekly", "off"],
        default: "auto",
        help: "how often a report says, from its own figures, what a licence would add; `auto` is daily for 30 days, then weekly",
      }),
    },
  },
);

export const dashboardSettings: SettingsGroup<DashboardSettings> = defineSettings<DashboardSettings>(
  "dashboard",
  {
    prefix: "BALDUR_DASHBOARD_",
    help: "The summary that the dashboard begins with.",
    fields: {
      summaryTtl: duration({
        env: "SUMMARY_TTL_SECONDS",
        unit: "s",
        default: 30 * SECOND,
        min: 5 * SECOND,
        max: 300 * SECOND,
        help: "how long a summary is given again, unless this process sees it change",
      }),
    },
  },
);
