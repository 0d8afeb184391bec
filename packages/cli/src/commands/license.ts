import type { Entitlement } from "@baldur/core";
import { discoverPlugins, systemClock } from "@baldur/core/plugin";
import type { Context, Handler } from "../context.js";
import { EXIT } from "../errors.js";
import { toJson } from "../output/clean.js";
import { verdict } from "../output/style.js";
import { facts } from "../output/table.js";

interface Answer extends Entitlement {
  /** Those that wait for it. */
  readonly packages: readonly string[];
}

/** What the licence is worth, as the packages say that are installed in this folder. Asks no server. */
export const license: Handler = async (context) => {
  const { io } = context;
  const { plugins } = await discoverPlugins({ root: io.cwd });
  const licensed = plugins.filter(({ entitlement }) => entitlement !== undefined);
  const env = (name: string): string | undefined => io.env[name]?.trim() || undefined;
  const request = { env, clock: systemClock(), force: true };
  const said = (await licensed[0]?.entitlement?.(request)) ?? missing();
  const answer: Answer = { ...said, packages: licensed.map(({ name }) => name) };
  context.out(context.json ? `${toJson(answer)}\n` : drawn(context, answer));
  return answer.status === "active" || licensed.length === 0 ? EXIT.ok : EXIT.failed;
};

function missing(): Entitlement {
  return { status: "missing", reason: "no package that needs a licence is installed in this folder" };
}

function drawn(
  { style }: Context,
  { status, organisation, plan, expires, reason, packages }: Answer,
): string {
  return `${verdict(style, status)}\n${facts(style, [
    ["organisation", organisation],
    ["plan", plan],
    ["until", expires],
    ["why", reason],
    ["for", packages.length === 0 ? undefined : packages.join(", ")],
  ])}`;
}
