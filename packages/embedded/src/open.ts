import { join } from "node:path";
import { AdapterError } from "@baldur/core";
import type { Clock, PluginTelemetry } from "@baldur/core/plugin";
import type { RootDatabase } from "lmdb";
import { storeQuarantined } from "./events.js";
import { headProblem, lengthen, putAside } from "./file.js";
import { privateFolder } from "./folder.js";
import { LmdbStore } from "./store.js";

const FILE = "state.lmdb";

export interface OpenOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly telemetry: Pick<PluginTelemetry, "report">;
}

/**
 * Opens the embedded store of a folder, or begins it. A damaged file is put aside and a new one begun: the host must come
 * up. Rejects with `AdapterError` when the folder cannot be used.
 */
export async function openStore(options: OpenOptions): Promise<LmdbStore> {
  const { folder } = options;
  await privateFolder(folder);
  const file = join(folder, FILE);
  try {
    const problem = await headProblem(file);
    if (problem !== undefined) await quarantine(file, problem, options);
    return new LmdbStore(folder, (await openWhole(file)) ?? (await beginAnew(file, options)));
  } catch (error) {
    if (error instanceof AdapterError) throw error;
    throw new AdapterError(`cannot open ${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** The database, or undefined when pages of it are missing. */
async function openWhole(file: string): Promise<RootDatabase<string, string> | undefined> {
  const database = await openDatabase(file);
  const { pageSize, lastPageNumber } = database.getStats() as { pageSize: number; lastPageNumber: number };
  const wasCut = await lengthen(file, pageSize * (lastPageNumber + 1));
  if (!wasCut || isReadable(database)) return database;
  await database.close();
  return undefined;
}

async function beginAnew(file: string, options: OpenOptions): Promise<RootDatabase<string, string>> {
  await quarantine(file, "it is shorter than it says", options);
  return openDatabase(file);
}

async function openDatabase(file: string): Promise<RootDatabase<string, string>> {
  // Loaded here: importing the package must cost nothing, and the engine is native code.
  const { open } = await import("lmdb");
  return open<string, string>({
    path: file,
    encoding: "string",
    // A commit counts when it is on the disk, not when it is on its way there.
    overlappingSync: false,
    // The store gathers by itself; the engine's own batches reject promises that nobody holds.
    eventTurnBatching: false,
  });
}

function isReadable(database: RootDatabase<string, string>): boolean {
  try {
    for (const _ of database.getRange({})) continue;
    return true;
  } catch {
    return false; // the caller puts the file aside
  }
}

async function quarantine(file: string, error: string, { clock, telemetry }: OpenOptions): Promise<void> {
  const keptAs = await putAside(file, clock.now());
  if (keptAs !== undefined) telemetry.report(storeQuarantined, { file, kept_as: keptAs, error });
}
