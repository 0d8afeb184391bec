import { randomUUID } from "node:crypto";
import { access, link, open, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Room for about a thousand readers. */
const LOCK_SIZE = 65_536;
const PRIVATE_FILE = 0o600;

/** Makes an empty database under a path. */
type Create = (path: string) => Promise<void>;

/** By which processes agree who writes; the engine gives it its name. */
export function lockFile(file: string): string {
  return `${file}-lock`;
}

/** Begins the file, unless another process was first. It appears whole: nobody can find half of a new one. */
export async function begin(file: string, create: Create): Promise<void> {
  await withNew(file, create, (made) => linkOnce(made, file));
  await syncFolder(file);
}

/**
 * Puts a damaged file aside and begins a new one in its place. Answers the name under which it is kept; undefined where
 * another process is doing the same, or has done it.
 */
export async function replace(file: string, inode: bigint, create: Create): Promise<string | undefined> {
  const keptAs = asideOf(file, inode); // of one damaged file only one process can make this name
  if (!(await linkOnce(file, keptAs))) return undefined;
  if ((await stat(keptAs, { bigint: true })).ino !== inode) {
    await rm(keptAs); // another process was faster, and this is its new file
    return undefined;
  }
  await renew(file, create);
  return keptAs;
}

/** Puts a new file in place of what is there. */
export async function renew(file: string, create: Create): Promise<void> {
  await withNew(file, create, (made) => rename(made, file));
  await syncFolder(file);
}

/**
 * Makes the lock file with all its blocks on the disk. The engine maps it: one with holes ends the process when the disk is
 * full. It is never removed, since others may have it open.
 */
export async function reserveLock(file: string): Promise<void> {
  const lock = lockFile(file);
  if (await exists(lock)) return;
  const made = `${lock}.new-${randomUUID()}`;
  try {
    await writeFile(made, Buffer.alloc(LOCK_SIZE), { flag: "wx", mode: PRIVATE_FILE, flush: true });
    await linkOnce(made, lock);
  } finally {
    await rm(made, { force: true });
  }
}

export async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return false;
    throw error;
  }
}

function asideOf(file: string, inode: bigint): string {
  return `${file}.corrupt-${inode}`;
}

async function withNew(file: string, create: Create, use: (made: string) => Promise<unknown>): Promise<void> {
  const made = `${file}.new-${randomUUID()}`;
  try {
    await reserveLock(made);
    await create(made);
    await sync(made);
    await use(made);
  } finally {
    await rm(made, { force: true });
    await rm(lockFile(made), { force: true });
  }
}

/** Gives a file a second name; false where the name is taken, or the file is gone. */
async function linkOnce(file: string, name: string): Promise<boolean> {
  try {
    await link(file, name);
    return true;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "EEXIST" || code === "ENOENT") return false;
    throw error;
  }
}

/** The new name itself must reach the disk; Windows has no such thing. */
async function syncFolder(file: string): Promise<void> {
  if (process.platform !== "win32") await sync(dirname(file));
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
