import type { NotificationPriority, Notifier } from "../slots/notifier.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { deliveryTotal } from "./metrics.js";
import type { DailyReport } from "./reports.js";
import type { DailyReportSettings } from "./settings.js";

export interface DeliveryParts {
  readonly telemetry: Pick<TelemetryHub, "counter">;
  readonly settings: Readonly<Pick<DailyReportSettings, "channels">>;
}

const PRIORITIES: Readonly<Record<DailyReport["severity"], NotificationPriority>> = {
  info: "info",
  warning: "medium",
  critical: "high",
};

/** Sends a report to people. Rejects with what the channels said, unless it went out on one of them. */
export async function deliver(
  { telemetry, settings }: DeliveryParts,
  notifier: Notifier,
  report: DailyReport,
): Promise<void> {
  const channels = settings.channels ?? [];
  const { date, title, severity } = report;
  const result = await notifier.notify({
    title: `${date}: ${title}`,
    message: linesOf(report).join("\n"),
    priority: PRIORITIES[severity],
    category: "report",
    source: "daily_report",
    dedupKey: `daily_report:${date}`,
    ...(channels.length > 0 && { channels }),
  });
  const count = (status: string, names: readonly string[]): void => {
    for (const channel of names) telemetry.counter(deliveryTotal).cell(channel, status, "false").add();
  };
  count("sent", result.channelsSent);
  count("failed", result.channelsFailed);
  if (result.suppressed) count("suppressed", channels);
  if (!result.success) throw new Error(Object.values(result.errors).join("; ") || "no channel took it");
}

/** One figure a line; what there was none of is left out. */
function linesOf({ pending_breakdown: backlog, ...report }: DailyReport): string[] {
  const sections = [report, report.custom_counts, report.automated_actions ?? {}, report.shadow_pro ?? {}];
  const figures = sections.flatMap((section) => Object.entries(section).filter(([, value]) => isTold(value)));
  const waiting = Object.entries(backlog?.by_failure_type ?? {});
  return [
    ...figures.map(([name, value]) => `${name.replaceAll("_", " ")}: ${value}`),
    ...waiting.map(([type, { count, action }]) => `${count} × ${type}: ${action}`),
    ...(report.shadow_pro === undefined ? [] : [String(report.shadow_pro["hint"])]),
  ];
}

function isTold(value: unknown): boolean {
  return typeof value === "number" && value > 0;
}
