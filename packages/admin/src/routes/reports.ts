import { isDay } from "../request/dates.js";
import { invalidField, Problem } from "../response/problem.js";
import { type Host, numberOf, type Route } from "./route.js";

const DEFAULT_DAYS = 7;

/** What was done, in figures. */
export function reportRoutes({ baldur }: Host): Route[] {
  const look = (
    path: string,
    summary: string,
    handler: Route["handler"],
    query: Route["query"] = {},
  ): Route => ({
    method: "GET",
    path,
    role: "viewer",
    summary,
    query,
    handler,
  });
  const days = { type: "integer", minimum: 1, maximum: 365, description: `default ${DEFAULT_DAYS}` } as const;
  return [
    look("/dashboard/summary", "the dead letters and their verdict", () => baldur.reports.dashboard()),
    look("/healing/summary", "what was healed since the start", () => baldur.reports.healing()),
    look("/reports/daily", "the report of today", () => daily(baldur)),
    look(
      "/reports/daily/trend",
      "the reports of the last days in short",
      async ({ query }) => {
        const wanted = numberOf(query, "days") ?? DEFAULT_DAYS;
        return { days: wanted, reports: await baldur.reports.trend(wanted) };
      },
      { days },
    ),
    look("/reports/daily/{date}", "the report of a day", ({ params }) => daily(baldur, params["date"])),
  ];
}

async function daily({ reports }: Host["baldur"], date?: string): Promise<unknown> {
  if (date !== undefined && !isDay(date))
    throw invalidField("date", "a day of the calendar, written as 2026-01-31", date);
  const report = await reports.daily(date);
  if (report !== undefined) return report;
  throw new Problem({
    status: 404,
    code: "REPORT_NOT_FOUND",
    detail: `there is no report of ${date ?? "today"}`,
  });
}
