import { createBaldur, type SettingRow } from "@baldur/core";
import { discoverPlugins, nearest, resolveOperations, storeProblems } from "@baldur/core/plugin";
import { VARIABLES } from "../api/control-api.js";
import { isSet, word } from "../asked.js";
import type { Context, Handler } from "../context.js";
import { CliError, EXIT, words } from "../errors.js";
import type { CliIo } from "../io.js";
import { toJson } from "../output/clean.js";
import { facts, table } from "../output/table.js";

interface Checked {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  readonly settings: readonly SettingRow[];
}

const PREFIX = "BALDUR_";
const OTHER = "other";

const quiet = (): undefined => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };

/** Checks the settings that the environment makes, with the rules of the packages that are installed. Starts nothing. */
export const checkConfig: Handler = async (context, asked) => {
  const checked = await check(context.io);
  const area = word(asked, "type");
  const settings =
    area === undefined ? checked.settings : checked.settings.filter((row) => row.area === area);
  if (settings.length === 0) throw noArea(String(area), checked.settings);
  const inspects = isSet(asked, "inspect") || area !== undefined;
  if (context.json) context.out(`${toJson(answerOf(checked, inspects ? settings : undefined))}\n`);
  else context.out(`${drawn(context, checked)}${inspects ? `\n${drawnSettings(context, settings)}` : ""}`);
  return checked.problems.length > 0 && isSet(asked, "strict") ? EXIT.failed : EXIT.ok;
};

function noArea(area: string, rows: readonly SettingRow[]): CliError {
  const areas = [...new Set(rows.map((row) => row.area))].sort();
  const hint = `there are ${areas.join(", ")}`;
  return new CliError(`there is no area of settings ${area}`, { exitCode: EXIT.refused, hint });
}

async function check({ env, cwd }: CliIo): Promise<Checked> {
  const problems: string[] = [];
  const note = (error: Error & { problems?: readonly string[] }): void => {
    problems.push(...error.message.split("\n"));
  };
  try {
    const { settings } = createBaldur({ env: { ...env }, discover: false, logger, onFatalConfig: note });
    const { plugins, broken } = await discoverPlugins({ root: cwd });
    const groups = plugins.flatMap((plugin) => plugin.settings ?? []);
    problems.push(...resolveOperations(settings), ...settings.add([...new Set(groups)]));
    if (problems.length === 0)
      problems.push(
        ...storeProblems(
          settings,
          plugins.map(({ name }) => name),
        ),
      );
    const rows = settings.describe();
    const failed = broken.map(({ name, reason }) => `${name} cannot be loaded: ${reason}`);
    return { problems, settings: rows, warnings: [...failed, ...unknown(env, rows)] };
  } catch (error) {
    throw new CliError(`the configuration cannot be loaded: ${words(error)}`, { exitCode: EXIT.refused });
  }
}

/** Variables that nobody reads; one of a package that is not installed in this folder is among them. */
function unknown(env: CliIo["env"], rows: readonly SettingRow[]): string[] {
  const known = new Set(rows.map(({ variable }) => variable));
  const names = Object.keys(env).filter((name) => name.startsWith(PREFIX) && env[name]?.trim());
  return names
    .filter((name) => !known.has(name) && !VARIABLES.includes(name))
    .map((name) => {
      const meant = nearest(name, known);
      return `${name} is read by nothing that is installed here${meant === undefined ? "" : `; did you mean ${meant}?`}`;
    });
}

function answerOf(checked: Checked, settings: readonly SettingRow[] | undefined): object {
  const { problems, warnings } = checked;
  return {
    status: problems.length === 0 ? "valid" : "invalid",
    fatal_violations: bySetting(checked),
    non_fatal_warnings: warnings,
    fatal_violation_count: problems.length,
    warning_count: warnings.length,
    ...(settings !== undefined && { config: settings }),
  };
}

/** By area and key; what is about no single setting is under `other`. */
function bySetting({ problems, settings }: Checked): Record<string, Record<string, string>> {
  const found: Record<string, Record<string, string>> = {};
  for (const [index, problem] of problems.entries()) {
    const row = settings.find(({ variable }) => problem.startsWith(`${variable} `));
    const { area, key } = row ?? { area: OTHER, key: String(index) };
    found[area] = { ...found[area], [key]: problem };
  }
  return found;
}

function drawn({ style }: Context, { problems, warnings, settings }: Checked): string {
  const block = (title: string, lines: readonly string[]): string =>
    lines.length === 0
      ? ""
      : `${title}\n${facts(
          style,
          lines.map((line) => ["-", line]),
        )}\n`;
  const verdict =
    problems.length === 0 ? style.green("valid") : style.red("invalid: the application refuses to start");
  return `${block(style.red("FATAL"), problems)}${block(style.yellow("NOT FATAL"), warnings)}${settings.length} settings, ${verdict}\n`;
}

function drawnSettings({ style }: Context, settings: readonly SettingRow[]): string {
  return table(style, settings, [
    { title: "VARIABLE", of: ({ variable }) => variable, whole: true },
    { title: "VALUE", of: ({ value }) => value },
    { title: "FROM", of: ({ source }) => source },
    { title: "DEFAULT", of: (row) => row.default },
  ]);
}
