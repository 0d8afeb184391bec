import type { CircuitRow } from "@baldur/core";
import { numberOf, part, word } from "../asked.js";
import type { Asked, Context, Handler } from "../context.js";
import { verdict } from "../output/style.js";
import { facts, table } from "../output/table.js";
import { when } from "../output/when.js";
import type { Wire } from "../wire.js";

type Row = Wire<CircuitRow>;

interface Listed {
  readonly circuits: readonly Row[];
  readonly enabled: boolean;
  readonly dryRun: boolean;
}

interface Changed {
  readonly service_name: string;
  readonly previous_state: string;
  readonly state: string;
  readonly message: string;
  readonly persisted?: boolean;
  readonly expires_at?: string;
}

export const list: Handler = async (context, asked) => {
  const state = word(asked, "state");
  const answer = await context.api.get("/control/status", { environment: word(asked, "environment") });
  const isWanted = (row: Row): boolean => state === undefined || row.state === state;
  const { circuits } = (answer.body ?? {}) as { readonly circuits?: unknown };
  const body =
    state !== undefined && Array.isArray(circuits)
      ? { ...(answer.body as object), circuits: circuits.filter(isWanted) }
      : answer.body;
  return context.show<Listed>({ ...answer, body }, (listed) => drawnList(context, listed));
};

export const show: Handler = async (context, asked) => {
  const answer = await context.api.get(`/control/status/${part(asked)}`);
  return context.show<Row>(answer, (row) => drawnRow(context, row));
};

/** Something done to a circuit by hand. */
export function change(action: "allow" | "auto" | "block" | "reset"): Handler {
  return async (context, asked) => {
    const answer = await context.api.post(`/control/${action}/${part(asked)}`, bodyOf(asked));
    return context.show<Changed>(answer, (body) => drawnChange(context, body));
  };
}

function bodyOf(asked: Asked): object {
  const reason = word(asked, "reason");
  const ttl = numberOf(asked, "ttl");
  return { ...(reason !== undefined && { reason }), ...(ttl !== undefined && { ttl_minutes: ttl }) };
}

function drawnList({ style }: Context, { circuits, enabled, dryRun }: Listed): string {
  const inert = enabled
    ? "in a dry run circuits refuse nobody"
    : "the kill switch is off: circuits refuse nobody";
  const note = enabled && !dryRun ? "" : `${style.yellow(inert)}\n`;
  if (circuits.length === 0) return `${note}no circuits\n`;
  const rows = table(style, circuits, [
    { title: "CIRCUIT", of: ({ name }) => name, whole: true },
    { title: "STATE", of: ({ state }) => state, paint: (text) => verdict(style, text) },
    { title: "SINCE", of: ({ since }) => when(since) },
    { title: "FAILURES", of: ({ window }) => `${window.failures}/${window.calls}` },
    { title: "UNTIL", of: ({ manual, openUntil }) => when(manual?.until ?? openUntil) },
    { title: "BY HAND", of: ({ manual }) => manual && `${manual.actor}: ${manual.reason}` },
  ]);
  return `${note}${rows}`;
}

function drawnRow({ style }: Context, row: Row): string {
  const { window, probes, manual, fleet } = row;
  return facts(style, [
    ["circuit", row.name],
    ["state", row.state],
    ["since", when(row.since)],
    ["open until", when(row.openUntil)],
    [
      "calls",
      `${window.calls}, of them ${window.failures} failed, ${window.slow} slow, ${window.rateLimited} rate limited`,
    ],
    ["probes", `${probes.live} of ${probes.limit}, ${probes.successes} succeeded`],
    ["last failure", when(row.lastFailureAt)],
    ["by hand", manual && `${manual.state} by ${manual.actor}: ${manual.reason}`],
    ["until", when(manual?.until)],
    ["fleet", fleet && `${fleet.votes} of ${fleet.quorum} instances have opened it`],
  ]);
}

function drawnChange({ style }: Context, body: Changed): string {
  return facts(style, [
    ["circuit", body.service_name],
    ["state", `${body.previous_state} -> ${body.state}`],
    ["until", when(body.expires_at)],
    ["note", body.persisted === false ? "this process alone: the shared store is away" : undefined],
  ]);
}
