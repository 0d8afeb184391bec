import type { Posture } from "@baldur/core";
import type { Answer } from "../api/access.js";
import type { Context, Handler } from "../context.js";
import { CliError, EXIT, words } from "../errors.js";
import { type Licence, licenceOfFolder } from "../licence.js";
import { toJson } from "../output/clean.js";
import { verdict } from "../output/style.js";
import { facts, table } from "../output/table.js";
import type { Wire } from "../wire.js";

/** Who has said it. */
type Source =
  | { readonly from: "server"; readonly url: string }
  | { readonly from: "folder"; readonly folder: string; readonly reason: string };

type Sourced = Licence & { readonly source: Source };

/** What the licence is worth, and which packages are inert: as the application says, or the packages of this folder where none does. */
export const license: Handler = async (context) => {
  const licence = await ask(context);
  context.out(context.json ? `${toJson(licence)}\n` : drawn(context, licence));
  return licence.status === "active" || isNeedless(licence) ? EXIT.ok : EXIT.failed;
};

function isNeedless({ status, packages }: Licence): boolean {
  return status === "missing" && !packages.some((row) => row.status === "inert");
}

async function ask(context: Context): Promise<Sourced> {
  const { io } = context;
  const answer = await posture(context);
  if (typeof answer !== "string") return ofServer(context, answer);
  const licence = await licenceOfFolder(io);
  return { source: { from: "folder", folder: io.cwd, reason: answer }, ...licence };
}

/** What a server says; or why none does, where nobody has named one. */
async function posture({ api, isNamed, url }: Context): Promise<Answer | string> {
  const answer = await api.get("/posture").catch((error: unknown) => {
    if (isNamed || !(error instanceof CliError)) throw error;
    return words(error);
  });
  if (isNamed || typeof answer === "string" || isPosture(answer)) return answer;
  return `what answers on ${url} is not the control API`;
}

/** Or a refusal of it: others may have taken the port. */
function isPosture({ body, isProblem }: Answer): boolean {
  return isProblem || (typeof body === "object" && body !== null && "entitlement" in body);
}

function ofServer({ answered, url }: Context, answer: Answer): Sourced {
  const { entitlement, plugins } = answered<Wire<Posture>>(answer);
  return { source: { from: "server", url }, ...entitlement, packages: plugins };
}

function drawn({ style }: Context, licence: Sourced): string {
  const { status, organisation, plan, expires, packages } = licence;
  const reason = isNeedless(licence) ? "no package needs one" : licence.reason;
  const head = facts(style, [
    ["organisation", organisation],
    ["plan", plan],
    ["until", expires],
    ["why", reason],
    ["from", fromWhere(licence.source)],
  ]);
  if (packages.length === 0) return `${verdict(style, status)}\n${head}`;
  const rows = table(style, packages, [
    { title: "PACKAGE", of: ({ name }) => name },
    { title: "STATUS", of: (row) => row.status, paint: (word) => verdict(style, word) },
    { title: "WHY", of: (row) => row.reason },
  ]);
  return `${verdict(style, status)}\n${head}\n${rows}`;
}

function fromWhere(source: Source): string {
  if (source.from === "server") return source.url;
  return `the packages of this folder: ${source.reason}`;
}
