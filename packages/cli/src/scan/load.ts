import { stat } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { systemClock, within } from "@baldur/core/plugin";
import type { Context } from "../context.js";
import { CliError, words } from "../errors.js";

const COMPILED = "name what Node can import, such as dist/policies.js";
const TOP_LEVEL =
  "what it does at its top level it does here too: it may need its environment, or belong elsewhere";

/** What a module exports. Throws for one that fails, or is not loaded in the time that an answer may take. */
export async function load({ io, timeout }: Context, file: string): Promise<unknown> {
  const path = resolve(io.cwd, file);
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false, // there is none, or it cannot be looked at
  );
  if (!isFile) throw new CliError(`there is no file ${file}`, { hint: COMPILED });
  try {
    const late = (): Error => new Error(`it is not loaded after ${timeout / 1000} s`);
    return await within(systemClock(), timeout, () => import(pathToFileURL(path).href), { late });
  } catch (error) {
    throw new CliError(`cannot load ${file}: ${words(error)}`, { hint: hintOf(error, path) });
  }
}

function hintOf(error: unknown, path: string): string {
  if (/^\.[cm]?tsx?$/.test(extname(path)))
    return `${COMPILED}, or let Node read TypeScript, such as by NODE_OPTIONS="--import tsx"`;
  const { code } = (error ?? {}) as { readonly code?: unknown };
  const isUnreadable = error instanceof SyntaxError || /^ERR_(?:IMPORT|UNKNOWN)_/.test(String(code));
  return isUnreadable ? COMPILED : TOP_LEVEL;
}
