import type { DailyReport, DailyReportTrend } from "@baldur/core";
import { numberOf, word } from "../asked.js";
import type { Context, Handler } from "../context.js";
import { clean } from "../output/clean.js";
import { verdict } from "../output/style.js";
import { facts, table } from "../output/table.js";
import { when } from "../output/when.js";
import type { Wire } from "../wire.js";

interface Trend {
  readonly reports: readonly Wire<DailyReportTrend>[];
}

/** What happened on a day, or on each of the last days. */
export const report: Handler = async (context, asked) => {
  const days = numberOf(asked, "days");
  if (days !== undefined) {
    const answer = await context.api.get("/reports/daily/trend", { days });
    return context.show<Trend>(answer, (body) => drawnTrend(context, body));
  }
  const date = word(asked, "date") ?? "today";
  const path = date === "today" ? "/reports/daily" : `/reports/daily/${encodeURIComponent(date)}`;
  return context.show<Wire<DailyReport>>(await context.api.get(path), (body) => drawnDay(context, body));
};

function drawnDay(context: Context, body: Wire<DailyReport>): string {
  const { style } = context;
  const { date, title, severity, since, entries, pending_breakdown: pending, automated_actions: done } = body;
  const head = `${style.bold(clean(date))} ${severity === "info" ? "" : `${verdict(style, severity)} `}`;
  const sections = [
    `${title === undefined ? "" : `${clean(title)}\n`}${countedBy(since)}\n${facts(style, figures(body))}`,
    section(context, "Waiting, by kind of failure", waiting(context, pending)),
    section(context, "Done by itself", done && facts(style, named(done))),
    section(context, "What you are missing", body.shadow_pro && facts(style, named(body.shadow_pro))),
    section(context, "Entries", drawnEntries(context, entries)),
  ];
  return `${head.trimEnd()}\n${sections.join("")}`;
}

function countedBy(since: string | undefined): string {
  return since === undefined ? "" : `counted by this process alone, since ${clean(when(since) ?? "")}\n`;
}

/** Numbers that are absent could not be read, and are not zero. */
function figures(body: Wire<DailyReport>): [string, unknown][] {
  const counts = Object.entries(body).filter(([, value]) => typeof value === "number");
  return [...named(Object.fromEntries(counts)), ...named(body.custom_counts ?? {})];
}

function named(counts: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(counts).map(([name, value]) => [name.replaceAll("_", " "), value]);
}

function section({ style }: Context, title: string, text: string | undefined): string {
  return text === undefined || text === "" ? "" : `\n${style.bold(title)}\n${text}`;
}

function waiting({ style }: Context, pending: Wire<DailyReport>["pending_breakdown"]): string | undefined {
  if (pending === undefined || pending.total === 0) return undefined;
  return table(style, Object.entries(pending.by_failure_type), [
    { title: "FAILURE", of: ([type]) => type },
    { title: "COUNT", of: ([, { count }]) => count },
    { title: "DOMAINS", of: ([, { domains }]) => domains.join(", ") },
    { title: "WHAT TO DO", of: ([, { action }]) => action },
  ]);
}

function drawnEntries({ style }: Context, entries: Wire<DailyReport>["entries"]): string | undefined {
  if (entries.length === 0) return undefined;
  return table(style, entries, [
    { title: "TASK", of: ({ task_name: name }) => name },
    { title: "SEVERITY", of: ({ severity }) => severity },
    { title: "RESULT", of: ({ result }) => result },
  ]);
}

function drawnTrend({ style }: Context, { reports }: Trend): string {
  if (reports.length === 0) return "no reports\n";
  return table(style, reports, [
    { title: "DAY", of: ({ date }) => date },
    {
      title: "SEVERITY",
      of: ({ severity }) => severity,
      paint: (text) => (text === "info" ? text : verdict(style, text)),
    },
    { title: "OPENED", of: (day) => day.circuit_opened },
    { title: "CLOSED", of: (day) => day.circuit_closed },
    { title: "NEW LETTERS", of: (day) => day.dlq_new_entries },
    { title: "RESOLVED", of: (day) => day.dlq_resolved },
    { title: "WAITING", of: (day) => day.dlq_pending },
    { title: "FAILED TASKS", of: (day) => day.task_failures },
  ]);
}
