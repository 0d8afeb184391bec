import type { Posture } from "@baldur/core";
import type { Context, Handler } from "../context.js";
import { verdict } from "../output/style.js";
import { facts, table } from "../output/table.js";
import { span } from "../output/when.js";
import type { Wire } from "../wire.js";

type Body = Wire<Posture> & {
  readonly version: string;
  readonly environment: string;
  readonly uptime_seconds: number;
  readonly instance: string;
  readonly unlocked: boolean;
  readonly role?: string;
};

const SECOND = 1000;

/** What is active, inert or degraded, and why. */
export const posture: Handler = async (context) =>
  context.show<Body>(await context.api.get("/posture"), (body) => drawn(context, body));

function drawn({ style }: Context, body: Body): string {
  const { entitlement, plugins, degraded } = body;
  const head = facts(style, [
    ["instance", body.instance],
    ["version", body.version],
    ["environment", body.environment],
    ["up", span(body.uptime_seconds * SECOND)],
    ["tier", body.tier],
    [
      "licence",
      [entitlement.status, entitlement.organisation, entitlement.expires].filter(Boolean).join(", "),
    ],
    ["storage", `${body.storage}, ${body.storageMode}`],
    ["metrics", body.metrics],
    ["you may", `${body.role ?? "nothing"}${body.unlocked ? ", unlocked" : ", locked"}`],
    ["degraded", degraded.length === 0 ? undefined : degraded.join("; ")],
  ]);
  if (plugins.length === 0) return head;
  const rows = table(style, plugins, [
    { title: "PLUGIN", of: ({ name }) => name },
    { title: "STATUS", of: ({ status }) => status, paint: (word) => verdict(style, word) },
    { title: "WHY", of: ({ reason }) => reason },
  ]);
  return `${head}\n${rows}`;
}
