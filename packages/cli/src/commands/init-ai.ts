import { readlink, realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { isSet, word } from "../asked.js";
import type { Handler } from "../context.js";
import { CliError, EXIT } from "../errors.js";
import { readText, writeText } from "../files.js";
import { ASSISTANT_RULES } from "./assistant-rules.js";

const START = "<!-- baldur:start -->";
const END = "<!-- baldur:end -->";
const BLOCKS = [
  ["AGENTS.md", `${START}\n${ASSISTANT_RULES}${END}`],
  ["CLAUDE.md", `${START}\n@AGENTS.md\n${END}`],
] as const;

/** Tells assistants that write code how Baldur is used. What stands around the marks is left as it is, byte for byte. */
export const initAi: Handler = async ({ io, out }, asked) => {
  const folder = resolve(io.cwd, word(asked, "dir") ?? ".");
  const force = isSet(asked, "force");
  if (!(await isFolder(folder))) throw new CliError(`there is no folder ${folder}`);
  const blocks = (await isOneFile(folder)) ? BLOCKS.slice(0, 1) : BLOCKS;
  const plans = await Promise.all(
    blocks.map(async ([name, block]) => {
      const before = await readText(resolve(folder, name));
      return { name, before, after: withBlock(name, before ?? "", block, force) };
    }),
  );
  for (const { name, before, after } of plans) {
    if (after !== before) await writeText(resolve(folder, name), after);
    out(`${name}: ${after === before ? "unchanged" : "written"}\n`);
  }
  return EXIT.ok;
};

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false, // there is none, or it cannot be looked at
  );
}

/** One is a link to the other: it has all the rules then, and nothing to refer to. */
async function isOneFile(folder: string): Promise<boolean> {
  const real = async (name: string): Promise<string> => {
    const path = resolve(folder, name);
    const target = (): Promise<string> => readlink(path).then((link) => resolve(folder, link));
    return realpath(path)
      .catch(target)
      .catch(() => path); // it, or what it leads to, is not there yet
  };
  const [rules, reference] = await Promise.all(BLOCKS.map(([name]) => real(name)));
  return rules === reference;
}

function withBlock(name: string, text: string, block: string, force: boolean): string {
  const start = text.indexOf(START);
  const end = text.indexOf(END, start);
  if (start === -1)
    return text === "" ? `${block}\n` : `${text}${text.endsWith("\n") ? "" : "\n"}\n${block}\n`;
  if (end === -1) throw new CliError(`${name} has the mark ${START} without its end`);
  const known = text.slice(start, end + END.length);
  if (known !== block && !force)
    throw new CliError(`${name} has other rules between the marks`, { hint: "--force replaces them" });
  return `${text.slice(0, start)}${block}${text.slice(end + END.length)}`;
}
