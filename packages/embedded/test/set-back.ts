import { spawnSync } from "node:child_process";

/** In a process of its own, for who closes the lock file gives up its hold on it. */
const SCRIPT = `
import { openSync, readSync, writeSync } from "node:fs";
const [lock, by] = process.argv.slice(1);
const file = openSync(lock, "r+");
const latest = new BigUint64Array(1);
readSync(file, latest, 0, 8, 8);
latest[0] -= BigInt(by);
writeSync(file, latest, 0, 8, 8);`;

/**
 * Notes an earlier transaction as the latest of a store, as the engine does in a process that looks at the file, then lets
 * others commit so many, and then goes on with opening it.
 */
export function setBack(lock: string, by = 1): void {
  const { status, stderr } = spawnSync(process.execPath, [
    "--input-type=module",
    "-e",
    SCRIPT,
    lock,
    `${by}`,
  ]);
  if (status !== 0) throw new Error(`it was not set back: ${stderr}`);
}
