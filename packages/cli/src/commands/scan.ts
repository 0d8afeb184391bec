import { createRequire } from "node:module";
import { isSet } from "../asked.js";
import type { Context, Handler } from "../context.js";
import { CliError, EXIT } from "../errors.js";
import { toJson } from "../output/clean.js";
import { table } from "../output/table.js";
import { span } from "../output/when.js";
import { findPolicies } from "../scan/find.js";
import { type Finding, findingsOf, type Installed } from "../scan/findings.js";
import { load } from "../scan/load.js";
import { type Measured, probe } from "../scan/probe.js";
import { type Circuits, type Configuration, findingsOfServer } from "../scan/server.js";
import { sayFindings, sayUnknown } from "../scan/words.js";

interface Answer {
  readonly policies: readonly Measured[];
  readonly findings: readonly Finding[];
  readonly unknown: readonly string[];
}

/** What a scan cannot see. */
const UNKNOWN = [
  "calls by protect(name, …) in the middle of other code: only what protected() has made, and the module exports, is found",
  "which policies call one another: attempts of nested ones multiply",
  "whether clients have timeouts or retries of their own",
  "settings that the application gives in code: those of the environment were probed",
];

/** Of a server. */
const UNKNOWN_OF_SERVERS = ["the options of single calls: scan the module that exports the functions"];
const NEVER = "never";

/** Probes the policies that a module exports; without one, looks at what a running application says of itself. */
export const scan: Handler = async (context, asked) => {
  const [file] = asked.args;
  const answer = file === undefined ? await scanServer(context) : await scanModule(context, file);
  context.out(context.json ? `${toJson(answer)}\n` : drawn(context, answer));
  const isDangerous = answer.findings.some(({ level }) => level === "danger");
  return isSet(asked, "strict") && isDangerous ? EXIT.failed : EXIT.ok;
};

async function scanModule(context: Context, file: string): Promise<Answer> {
  const policies = findPolicies(await load(context, file));
  if (policies.length === 0) {
    throw new CliError("the module exports no function that protected() has made", {
      hint: "what is exported by name, in objects and as methods of classes is found",
    });
  }
  const installed = installedIn(context.io.cwd);
  const measured: Measured[] = [];
  for (const policy of policies) measured.push(await probe(policy, context.io));
  const findings = policies.flatMap((policy, index) =>
    findingsOf(policy, measured[index] as Measured, installed),
  );
  return { policies: measured, findings: [...findings, ...nested(measured)], unknown: UNKNOWN };
}

function installedIn(folder: string): Installed {
  const { resolve: find } = createRequire(`${folder}/package.json`);
  const isThere = (name: string): boolean => {
    try {
      return find(name) !== "";
    } catch {
      return false; // it cannot be found from there
    }
  };
  return {
    deadLetters: isThere("@baldur/pro-dlq") || isThere("@baldur/pro"),
    bulkhead: isThere("@baldur/pro"),
  };
}

/** The two that would multiply most, if the one called the other. */
function nested(measured: readonly Measured[]): Finding[] {
  const [most, next] = measured
    .filter(({ requests }) => requests > 1)
    .sort((a, b) => b.requests - a.requests);
  if (most === undefined || next === undefined) return [];
  const finding = `if it is called within ${most.name}, one call of that is ${most.requests * next.requests} requests`;
  return [{ policy: next.name, level: "note", finding }];
}

/** A running application: what it says of itself. */
async function scanServer({ api, answered }: Context): Promise<Answer> {
  const [configuration, circuits] = await Promise.all([api.get("/config"), api.get("/control/status")]);
  const findings = findingsOfServer(answered<Configuration>(configuration), answered<Circuits>(circuits));
  return { policies: [], findings, unknown: UNKNOWN_OF_SERVERS };
}

function drawn({ style }: Context, { policies, findings, unknown }: Answer): string {
  const said = `${sayFindings(style, findings)}\n${sayUnknown(style, unknown)}`;
  if (policies.length === 0) return said;
  const measured = table(style, policies, [
    { title: "POLICY", of: ({ name }) => name, whole: true },
    { title: "REQUESTS OF A FAILING CALL", of: ({ requests }) => requests },
    { title: "FAILS AFTER", of: ({ failsAfter }) => span(failsAfter) },
    {
      title: "A HANG ENDS AFTER",
      of: ({ hangEndsAfter: time }) => (time === undefined ? NEVER : span(time)),
      paint: (text) => (text === NEVER ? style.red(text) : text),
    },
    {
      title: "100 CALLS IN AN OUTAGE",
      of: ({ outage }) => `${outage.requests} requests, ${outage.refused} refused`,
    },
  ]);
  return `${measured}\n${said}`;
}
