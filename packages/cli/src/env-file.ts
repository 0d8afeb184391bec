import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import { CliError, words } from "./errors.js";
import type { CliIo } from "./io.js";

/** With the variables of a file, as far as the environment has not set them. */
export async function withEnvFile(io: CliIo, file: string | undefined): Promise<CliIo> {
  if (file === undefined) return io;
  return { ...io, env: { ...(await readEnvFile(resolve(io.cwd, file))), ...io.env } };
}

async function readEnvFile(path: string): Promise<Record<string, string | undefined>> {
  try {
    return { ...parseEnv(await readFile(path, "utf8")) };
  } catch (error) {
    throw new CliError(`cannot read ${path}: ${words(error)}`);
  }
}
