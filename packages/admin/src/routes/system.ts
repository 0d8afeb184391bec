import type { Baldur, ControlState } from "@baldur/core";
import type { AdminFields } from "@baldur/core/plugin";
import { Problem } from "../response/problem.js";
import { type Host, type Route, type RouteRequest, textOf, timestamp } from "./route.js";

const REASON = { type: "string", minLength: 1, maxLength: 500, description: "why, for the journal" } as const;
const CONFIRM = { type: "boolean", const: true, required: true, description: "that it is meant" } as const;

/** The kill switch and the dry run. */
export function systemRoutes(host: Host): Route[] {
  const { control } = host.baldur;
  type Change = (asked: { actor: string; reason?: string }) => Promise<ControlState>;
  const change = (path: string, summary: string, body: AdminFields, act: Change): Route => ({
    method: "POST",
    path,
    role: "admin",
    summary,
    body,
    handler: async (asked) => answer(host, await act(changeOf(asked))),
  });
  return [
    {
      method: "GET",
      path: "/system/status",
      role: "viewer",
      summary: "the kill switch and the dry run",
      query: {},
      handler: async () => view(host, await control.state()),
    },
    change("/system/enable", "switches Baldur on again", { reason: REASON }, (by) => control.enable(by)),
    change(
      "/system/disable",
      "switches all but idempotency and deadlines off",
      { reason: { ...REASON, required: true } },
      (by) => control.disable({ reason: "", ...by }),
    ),
    change("/system/dry-run/enable", "decides and reports, and applies nothing", { reason: REASON }, (by) =>
      control.enableDryRun(by),
    ),
    change("/system/dry-run/disable", "applies decisions again", { reason: REASON, confirm: CONFIRM }, (by) =>
      control.disableDryRun({ ...by, confirm: true }),
    ),
  ];
}

function changeOf({ actor, body }: RouteRequest): { actor: string; reason?: string } {
  const reason = textOf(body, "reason");
  return { actor, ...(reason !== undefined && { reason }) };
}

/** A change that others do not hear of is no success. */
function answer(host: Host, state: ControlState): object {
  if (state.persisted) return view(host, state);
  throw new Problem({
    status: 503,
    code: "NOT_PERSISTED",
    detail:
      "it is in force in this process and could not be stored: others hear of it once the store answers",
    facts: { state: view(host, state) },
  });
}

function view(host: Host, state: ControlState): object {
  return {
    system: "baldur",
    status: statusOf(state),
    ...state,
    timestamp: timestamp(host),
  };
}

function statusOf({ enabled, dryRun }: Pick<Baldur["control"], "enabled" | "dryRun">): string {
  if (!enabled) return "disabled";
  return dryRun ? "dry_run" : "enabled";
}
