import { lstat, mkdir } from "node:fs/promises";
import { AdapterError } from "@baldur/core";

const PRIVATE = 0o700;
const WRITABLE_BY_OTHERS = process.platform === "win32" ? 0 : 0o022;

/**
 * Makes a folder that only its owner may enter, and refuses one that somebody else could have prepared. Rejects with
 * `AdapterError` that names the folder and the reason.
 */
export async function privateFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: PRIVATE });
  } catch (error) {
    throw refused(path, `it cannot be made: ${(error as Error).message}`, error);
  }
  const found = await lstat(path);
  if (found.isSymbolicLink()) throw refused(path, "it is a symbolic link");
  if (!found.isDirectory()) throw refused(path, "it is not a folder");
  const user = process.getuid?.();
  if (user !== undefined && found.uid !== user)
    throw refused(path, `it belongs to user ${found.uid}, and this process runs as ${user}`);
  if ((found.mode & WRITABLE_BY_OTHERS) !== 0)
    throw refused(
      path,
      "others may write to it; name a folder within, which is then made, or chmod it to 700",
    );
}

function refused(path: string, why: string, cause?: unknown): AdapterError {
  return new AdapterError(`BALDUR_DATA_DIR ${path} cannot be used: ${why}`, { cause });
}
