import type { HealthReport, PoolReport, Readiness } from "@baldur/core";
import { isSet } from "../asked.js";
import type { Context, Handler } from "../context.js";
import { verdict } from "../output/style.js";
import { facts, table } from "../output/table.js";
import type { Wire } from "../wire.js";

type Checks = Wire<HealthReport["checks"]>;

const PATHS: Readonly<Record<string, string>> = {
  full: "/health",
  ready: "/health/ready",
  pool: "/health/pool",
  live: "/health/live",
};

/** How the process is. Exits with 1 for what is unhealthy, not ready or short of connections. */
export const health: Handler = async (context, asked) => {
  const what = asked.args[0] ?? "full";
  const query = isSet(asked, "fresh") ? { nocache: true } : {};
  const answer = await context.api.get(PATHS[what] ?? "", what === "full" ? query : {});
  if (what === "pool") return context.show<Wire<PoolReport>>(answer, (body) => pools(context, body));
  return context.show<Wire<HealthReport & Partial<Readiness>>>(answer, (body) => report(context, body));
};

function report({ style }: Context, body: Wire<HealthReport & Partial<Readiness>>): string {
  const { status, phase } = body;
  const head = facts(style, [["phase", phase === "running" ? undefined : phase]]);
  return `${verdict(style, status)}\n${head}${checks(style, body.checks ?? {})}`;
}

function checks(style: Context["style"], all: Checks): string {
  const rows = Object.entries(all);
  if (rows.length === 0) return "";
  return table(style, rows, [
    { title: "CHECK", of: ([name]) => name },
    { title: "STATUS", of: ([, check]) => check.status, paint: (word) => verdict(style, word) },
    { title: "DETAIL", of: ([, { detail, timedOut }]) => detail ?? (timedOut ? "timed out" : undefined) },
  ]);
}

function pools({ style }: Context, { status, pools: all }: Wire<PoolReport>): string {
  const rows = Object.entries(all);
  const rest = table(style, rows, [
    { title: "POOL", of: ([name]) => name },
    { title: "STATUS", of: ([, pool]) => pool.status, paint: (word) => verdict(style, word) },
    { title: "OPEN", of: ([, pool]) => pool.size },
    { title: "IDLE", of: ([, pool]) => pool.idle },
    { title: "WAITING", of: ([, pool]) => pool.waiting },
    { title: "LIMIT", of: ([, pool]) => pool.limit },
    { title: "DETAIL", of: ([, pool]) => pool.detail },
  ]);
  return `${verdict(style, status)}\n${rows.length === 0 ? "" : rest}`;
}
