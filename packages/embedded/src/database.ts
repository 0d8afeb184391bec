import type { RootDatabase } from "lmdb";
import { isBehind } from "./latest.js";

export type Database = RootDatabase<string, string>;

/** More are of no use: another thread has the file open, and the engine opens it once for all of them. */
const TRIES = 5;

/** Opens the file once more where that set all processes back: it sets them right unless another one commits just then. */
export async function openDatabase(file: string): Promise<Database> {
  for (let tries = 1; ; tries++) {
    const database = await openOnce(file);
    if (tries === TRIES || !database.transactionSync(() => isBehind(database))) return database;
    await database.close();
  }
}

async function openOnce(file: string): Promise<Database> {
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

export async function createDatabase(file: string): Promise<void> {
  await (await openDatabase(file)).close();
}

/** Reads all of it. What the missing end of a file was filled up with shows as an error, or as a value that ends in it. */
export function isWhole(database: Database): boolean {
  try {
    for (const { value } of database.getRange({})) if (value.endsWith("\0")) return false;
    return true;
  } catch {
    return false; // the caller puts the file aside
  }
}
