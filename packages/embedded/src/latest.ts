import { readSync, writeSync } from "node:fs";
import type { RootDatabase } from "lmdb";
import { MAGIC } from "./head.js";

type Database = Pick<RootDatabase, "getStats" | "getWriteTxnId">;

/** The lock file begins with a mark, a format, and the number of the latest transaction. */
const LATEST_AT = 8;
const HEAD_LENGTH = 16;

/**
 * Whether the transaction that this is called in does not go on from the latest one. While the engine opens a file, it notes the
 * transaction that it found there as the latest, over what another process committed since it looked (ITS#9496 of LMDB). Who
 * goes on from that one writes over what was acknowledged.
 */
export function isBehind(database: Database): boolean {
  return latestOf(database) >= database.getWriteTxnId();
}

/**
 * Notes the latest transaction where the next one looks for it. To be called in one that is behind, so that nobody else commits
 * meanwhile. `file` is the lock file, open. Answers whether it is noted.
 */
export function noteLatest(database: Database, file: number): boolean {
  const latest = BigInt(latestOf(database));
  const noted = notedIn(file);
  if (noted === undefined || noted > latest) return false; // it is laid out in some other way
  return writeSync(file, BigUint64Array.of(latest), 0, HEAD_LENGTH - LATEST_AT, LATEST_AT) > 0;
}

/** By the first pages of the file, which the engine reads only when it opens it. */
function latestOf(database: Database): number {
  const { lastTxnId } = database.getStats() as { readonly lastTxnId: number };
  return lastTxnId;
}

function notedIn(lock: number): bigint | undefined {
  const head = new ArrayBuffer(HEAD_LENGTH);
  readSync(lock, new Uint8Array(head), 0, HEAD_LENGTH, 0);
  const [magic] = new Uint32Array(head);
  return magic === MAGIC ? new BigUint64Array(head, LATEST_AT)[0] : undefined;
}
