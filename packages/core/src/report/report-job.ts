import { type Clock, unref } from "../clock.js";
import { text } from "../describe.js";
import { notifierSlot } from "../slots/notifier.js";
import type { SlotTable } from "../slots/slot.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import type { DailyReports } from "./daily-reports.js";
import { DAY, dateOf } from "./day.js";
import { deliver } from "./delivery.js";
import { sendFailed } from "./events.js";
import type { DailyReport } from "./reports.js";
import type { DailyReportSettings } from "./settings.js";

export interface ReportJobParts {
  readonly clock: Clock;
  readonly telemetry: Pick<TelemetryHub, "report" | "counter">;
  readonly settings: Readonly<Pick<DailyReportSettings, "channels" | "maxRetries" | "retryDelay">>;
  readonly slots: Pick<SlotTable, "get" | "isFilled">;
  readonly reports: Pick<DailyReports, "generate">;
}

/** Makes the report of the day before, and sends it where something sends messages. Rejects when it could not. */
export async function runReportJob(parts: ReportJobParts, signal: AbortSignal): Promise<void> {
  const { clock, telemetry, settings, reports } = parts;
  const date = dateOf(clock.now() - DAY);
  let made: { readonly report: DailyReport | undefined } | undefined;
  for (let attempt = 1; ; attempt++) {
    try {
      made ??= { report: await reports.generate(date) };
      return await send(parts, made.report);
    } catch (error) {
      telemetry.report(sendFailed, { date, error: text(error), attempt });
      if (attempt > settings.maxRetries || signal.aborted) throw error;
      await pause(clock, settings.retryDelay, signal);
    }
  }
}

async function send(parts: ReportJobParts, report: DailyReport | undefined): Promise<void> {
  if (report === undefined || !parts.slots.isFilled(notifierSlot)) return;
  await deliver(parts, parts.slots.get(notifierSlot), report);
}

/** Ends early when the signal aborts. */
function pause(clock: Clock, delay: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimeout(end, delay);
    unref(timer);
    signal.addEventListener("abort", end, { once: true });
    function end(): void {
      clock.clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    }
  });
}
