import { writeSync } from "node:fs";

const STDERR = 2;
/** A pipe whose reader is slow is full for moments. The process waits at most this many of them, for all records together. */
const TRIES = 200;
const MOMENT = 5;

/**
 * The last link: a line `baldur.dlq.lost {json}` for each record, so that at least a log collector has them. Synchronous,
 * never throws; answers whether everything went out.
 */
export function writeToStderr(records: readonly string[], write: (text: string) => void = stderr()): boolean {
  try {
    for (const record of records) write(`baldur.dlq.lost ${record.replaceAll(/[\r\n]+/g, " ")}\n`);
    return true;
  } catch {
    return false; // the answer tells it, and there is no place left to report to
  }
}

function stderr(): (text: string) => void {
  let tries = TRIES;
  return (text) => {
    const bytes = Buffer.from(text);
    for (let written = 0; written < bytes.length; ) {
      try {
        written += writeSync(STDERR, bytes, written);
      } catch (error) {
        if ((error as { code?: string }).code !== "EAGAIN" || --tries === 0) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, MOMENT);
      }
    }
  };
}
