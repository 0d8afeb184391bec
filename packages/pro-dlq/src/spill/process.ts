import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import type { Owner } from "./names.js";

const UNKNOWN = "00000000";
const NONCE_OF_RUN = 8;
/** Fields of `/proc/<pid>/stat` behind the name of the program, which may itself hold spaces and brackets. */
const STATE = 0;
const START_TIME = 19;

/** Makes owners for the files of one run of a process: the same run, another random part each time. */
export class Identity {
  readonly #run: string;

  constructor(readonly pid: number) {
    this.#run = runOf(pid) ?? UNKNOWN;
  }

  next(): Owner {
    return { pid: this.pid, nonce: this.#run + randomBytes(4).toString("hex") };
  }
}

/** `unknown`: its pid is in use, and the platform does not tell by whom. */
export function fateOf({ pid, nonce }: Owner): "running" | "gone" | "unknown" {
  if (!isInUse(pid)) return "gone";
  const run = runOf(pid);
  if (run === "gone") return "gone";
  const then = nonce.slice(0, NONCE_OF_RUN);
  if (run === undefined || then === UNKNOWN) return "unknown";
  return run === then ? "running" : "gone";
}

function isInUse(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}

/** Boot and start time in 8 hex digits; undefined where the platform does not tell. */
function runOf(pid: number): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[STATE] === "Z" || fields[STATE] === "X") return "gone";
    return crc32(`${boot} ${fields[START_TIME]}`).toString(16).padStart(8, "0");
  } catch {
    return undefined; // no such process, or no /proc
  }
}
