import { closeSync, fsyncSync, lstatSync, mkdirSync, openSync, type Stats } from "node:fs";
import { lstat, mkdir, open } from "node:fs/promises";

const OWNER_ONLY = 0o700;
const WRITABLE_BY_OTHERS = process.platform === "win32" ? 0 : 0o022;
/** Windows has no handle to a folder; its journal keeps names. */
const FOLDERS_SYNC = process.platform !== "win32";

/** The folder, or a place on the way to it, is not fit to hold records. */
export class FolderRefused extends Error {}

/** Answers whether there is such a folder. Throws `FolderRefused` where others could have filled it. */
export async function vetFolder(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(absentOrRefused);
  return stats !== undefined && vet(stats);
}

/** Makes the folder, for its owner only. */
export async function makeFolder(path: string): Promise<void> {
  if (await vetFolder(path)) return;
  await mkdir(path, { recursive: true, mode: OWNER_ONLY }).catch(refused);
  await vetFolder(path);
}

export function makeFolderSync(path: string): void {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) mkdirSync(path, { recursive: true, mode: OWNER_ONLY });
    vet(stats ?? lstatSync(path));
  } catch (error) {
    refused(error);
  }
}

/** A new name reaches the disk with its folder. */
export async function syncFolder(path: string): Promise<void> {
  if (!FOLDERS_SYNC) return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export function syncFolderSync(path: string): void {
  if (!FOLDERS_SYNC) return;
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function vet(stats: Stats): true {
  if (stats.isSymbolicLink()) throw new FolderRefused("is a link");
  if (!stats.isDirectory()) throw new FolderRefused("is no folder");
  const own = process.getuid === undefined || stats.uid === process.getuid();
  if (!own) throw new FolderRefused("belongs to somebody else");
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0) throw new FolderRefused("may be written by others");
  return true;
}

function absentOrRefused(error: unknown): undefined {
  if ((error as { code?: string }).code !== "ENOENT") refused(error);
}

function refused(error: unknown): never {
  if (error instanceof FolderRefused) throw error;
  const { code, message } = error as { code?: string; message: string };
  throw new FolderRefused(code ?? message, { cause: error });
}
