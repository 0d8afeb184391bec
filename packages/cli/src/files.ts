import { randomUUID } from "node:crypto";
import { readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { CliError, words } from "./errors.js";

/** The text of a file; undefined where there is none. What is not UTF-8 is refused: written back it would be another file. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await readFile(path));
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return undefined;
    throw new CliError(`cannot read ${path}: ${words(error)}`);
  }
}

/** All of a text or nothing of it: whoever reads meanwhile, and a crash, find the old file or the new one. */
export async function writeText(path: string, text: string): Promise<void> {
  const target = await realpath(path).catch(() => path); // a link stays one
  const temporary = `${target}.${randomUUID()}.tmp`;
  try {
    const mode = await stat(target).then(
      (known) => known.mode,
      () => undefined, // a new file
    );
    await writeFile(temporary, text, { ...(mode !== undefined && { mode }), flag: "wx" });
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new CliError(`cannot write ${path}: ${words(error)}`);
  }
}
