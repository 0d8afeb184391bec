import { randomUUID } from "node:crypto";
import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { CliError, words } from "./errors.js";

/** The text of a file; undefined where there is none. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return undefined;
    throw new CliError(`cannot read ${path}: ${words(error)}`);
  }
}

/** All of a text or nothing of it: whoever reads meanwhile, and a crash, find the old file or the new one. */
export async function writeText(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const mode = await stat(path).then(
      (known) => known.mode,
      () => undefined, // a new file
    );
    await writeFile(temporary, text, { ...(mode !== undefined && { mode }), flag: "wx" });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new CliError(`cannot write ${path}: ${words(error)}`);
  }
}
