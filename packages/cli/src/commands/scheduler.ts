import type { JobRow } from "@baldur/core";
import type { Context, Handler } from "../context.js";
import { table } from "../output/table.js";
import { span, when } from "../output/when.js";
import type { Wire } from "../wire.js";

interface Body {
  readonly leading: boolean;
  readonly jobs: readonly Wire<JobRow>[];
}

/** What runs by itself, and when it last did. */
export const jobs: Handler = async (context) =>
  context.show<Body>(await context.api.get("/scheduler/jobs"), (body) => drawn(context, body));

function drawn({ style }: Context, { leading, jobs: all }: Body): string {
  if (all.length === 0) return "no jobs\n";
  const head = leading ? "this process runs the jobs\n" : "this process does not run the jobs\n";
  const rows = table(style, all, [
    { title: "JOB", of: ({ name }) => name },
    { title: "EVERY", of: intervalOf },
    { title: "RUNS", of: ({ runs }) => runs },
    { title: "ERRORS", of: ({ errors }) => errors, paint: (text) => (text === "0" ? text : style.red(text)) },
    { title: "LAST RUN", of: ({ lastRunAt }) => when(lastRunAt) },
    { title: "NEXT RUN", of: ({ nextRunAt, enabled }) => (enabled ? when(nextRunAt) : "switched off") },
    { title: "LAST ERROR", of: ({ lastError }) => lastError },
  ]);
  return `${head}${rows}`;
}

function intervalOf({ every, dailyAt }: Wire<JobRow>): string | undefined {
  if (every !== undefined) return span(every);
  if (dailyAt === undefined) return undefined;
  const two = (value: number): string => String(value).padStart(2, "0");
  return `day at ${two(dailyAt.hour)}:${two(dailyAt.minute)}`;
}
