import type { ControlState } from "@baldur/core";
import { isSet, word } from "../asked.js";
import type { Asked, Context, Handler } from "../context.js";
import { CliError } from "../errors.js";
import { facts } from "../output/table.js";
import { when } from "../output/when.js";
import type { Wire } from "../wire.js";

type Body = Wire<ControlState> & { readonly status: string; readonly backend: string };

export const status: Handler = async (context) =>
  context.show<Body>(await context.api.get("/system/status"), (body) => drawn(context, body));

/** The kill switch and the dry run: a change by one path. */
export function change(path: string): Handler {
  return async (context, asked) => {
    const answer = await context.api.post(`/system/${path}`, reasonOf(asked));
    return context.show<Body>(answer, (body) => drawn(context, body));
  };
}

/** Applying decisions again is what has to be meant. */
export const leaveDryRun: Handler = async (context, asked) => {
  if (!isSet(asked, "confirm")) {
    throw new CliError("decisions are applied from then on: say that it is meant", { hint: "add --confirm" });
  }
  const answer = await context.api.post("/system/dry-run/disable", { ...reasonOf(asked), confirm: true });
  return context.show<Body>(answer, (body) => drawn(context, body));
};

function reasonOf(asked: Asked): object {
  const reason = word(asked, "reason");
  return reason === undefined ? {} : { reason };
}

function drawn({ style }: Context, body: Body): string {
  const { disabled, dryRunSince } = body;
  return facts(style, [
    ["baldur", body.enabled ? "enabled" : "disabled"],
    ["dry run", body.dryRun ? "on: decides and reports, and applies nothing" : "off"],
    ["disabled by", disabled && `${disabled.by}, ${when(disabled.at)}: ${disabled.reason}`],
    ["dry run by", dryRunSince && `${dryRunSince.by}, ${when(dryRunSince.at)}`],
    ["stored", body.persisted ? `yes, in ${body.backend}` : "no: this process alone"],
  ]);
}
