import { resolve } from "node:path";
import { isSet } from "../asked.js";
import type { Handler } from "../context.js";
import { CliError, EXIT } from "../errors.js";
import { readText, writeText } from "../files.js";
import { renamed } from "./renames.js";

/** Gives variables of an env file the names that they have now. Writes beside the file unless it is told to write the file. */
export const migrateEnv: Handler = async ({ io, out, note }, asked) => {
  const file = asked.args[0] ?? "";
  const path = resolve(io.cwd, file);
  const before = await readText(path);
  if (before === undefined) throw new CliError(`there is no file ${file}`);
  const { text, count } = renamed(before);
  if (isSet(asked, "dryRun")) {
    out(text);
    note(`${count} renamed`);
  } else if (count === 0) out(`${file}: no renames applied\n`);
  else {
    const target = isSet(asked, "write") ? file : `${file}.migrated`;
    await writeText(resolve(io.cwd, target), text);
    out(`${target}: ${count} renamed\n`);
  }
  return EXIT.ok;
};
