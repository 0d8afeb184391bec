import { realpath, rm, truncate, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { AdapterError } from "@baldur/core";
import type { Clock, KeyValueStore, PluginTelemetry } from "@baldur/core/plugin";
import { createDatabase, type Database, isWhole, openDatabase } from "./database.js";
import { storeLost, storeQuarantined } from "./events.js";
import { begin, exists, lockFile, renew, replace, reserveLock } from "./file.js";
import { privateFolder } from "./folder.js";
import { examine, type Found } from "./head.js";
import { type Identity, identityOf, Place } from "./place.js";
import { share } from "./shared.js";
import { LmdbStore } from "./store.js";

const FILE = "state.lmdb";
/** Looks at a damaged file while another process replaces it, which takes milliseconds. */
const LOOKS = 100;
const LOOK = 50;

export interface OpenOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly telemetry: Pick<PluginTelemetry, "report">;
}

/**
 * Opens the embedded store of a folder, or begins it. A damaged file is put aside and a new one begun: the host must come
 * up. Rejects with `AdapterError` when the folder cannot be used.
 */
export async function openStore(options: OpenOptions): Promise<KeyValueStore> {
  const { folder, clock, telemetry } = options;
  await privateFolder(folder);
  const file = resolve(folder, FILE); // the process may change its folder
  try {
    return await share(await realpath(folder), {
      open: async () => {
        await reserveLock(file);
        const lock = lockFile(file);
        return new LmdbStore({ location: folder, clock, lock, ...(await openWhole(file, options)) });
      },
      onLoss: (found) => telemetry.report(storeLost, { file, found }),
    });
  } catch (error) {
    if (error instanceof AdapterError) throw error;
    throw new AdapterError(`cannot open ${file}: ${(error as Error).message}`, { cause: error });
  }
}

interface Opened {
  readonly database: Database;
  readonly place: Place;
}

async function openWhole(file: string, options: OpenOptions): Promise<Opened> {
  for (let look = 1; ; look++) {
    const found = await examine(file);
    if (found === undefined) await begin(file, createDatabase);
    else {
      const database = found.problem ?? (await tryOpen(file, found));
      if (typeof database === "string") await putAside(file, found, database, look, options);
      else {
        const place = new Place(file, found, lockOf(file));
        if (await isInPlace(database, place, look)) return { database, place };
      }
    }
  }
}

function lockOf(file: string): { file: string; opened: Identity } | undefined {
  const lock = lockFile(file);
  const opened = identityOf(lock);
  return opened && { file: lock, opened };
}

/** Closes what was opened when it may not be the file that was examined: another process put that one aside meanwhile. */
async function isInPlace(database: Database, place: Place, look: number): Promise<boolean> {
  try {
    place.check();
    return true;
  } catch (error) {
    await database.close();
    if (look >= LOOKS) throw error;
    return false;
  }
}

/** The database, or what is wrong with it. */
async function tryOpen(file: string, found: Found): Promise<Database | string> {
  const { length, isShort } = found;
  const mark = markOf(file, found);
  const isSuspect = isShort || (await exists(mark));
  if (!isSuspect) return openDatabase(file);
  // Reading a map beyond the end of its file ends the process; reading zeros is an error that can be caught. The mark tells
  // others, and the next start if this one dies, that the length is not the file's own.
  await writeFile(mark, "");
  if (isShort) await truncate(file, length);
  const database = await openDatabase(file);
  // What is missing may be free pages that were never written, so the length alone proves no damage.
  const whole = isWhole(database);
  if (!whole) await database.close();
  else await rm(mark, { force: true });
  return whole ? database : "it is shorter than it says";
}

async function putAside(
  file: string,
  found: Found,
  error: string,
  look: number,
  { clock, telemetry }: OpenOptions,
): Promise<void> {
  const keptAs = await replace(file, found.inode, createDatabase);
  if (keptAs !== undefined) {
    await rm(markOf(file, found), { force: true });
    telemetry.report(storeQuarantined, { file, kept_as: keptAs, error });
    return;
  }
  await new Promise<void>((resolve) => clock.setTimeout(resolve, LOOK));
  // It was killed on the way.
  if (look >= LOOKS) await renew(file, createDatabase);
}

function markOf(file: string, { inode }: Found): string {
  return `${file}.unsure-${inode}`;
}
