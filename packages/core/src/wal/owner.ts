/** A process that has a file: which one, and which of its files or claims. */
export interface Owner {
  readonly pid: number;
  /** 8 hex digits of the place, 8 of the run, 8 random ones. */
  readonly digits: string;
}

/** What can be told about another process. `unknown`: it is elsewhere, or the platform does not tell. */
export type Fate = "running" | "gone" | "unknown";

const UNKNOWN = "00000000";
const PART = 8;
const RANDOM_BYTES = 4;
/** Fields of `/proc/<pid>/stat` behind the name of the program, which may itself hold spaces and brackets. */
const STATE = 0;
const START_TIME = 19;

/** Has what its process has given up. */
export const NOBODY: Owner = { pid: 0, digits: "0".repeat(3 * PART) };

/** Makes the owners of one run of a process, and judges those of others. */
export class Identity {
  readonly #place: string = place();
  readonly #run: string;

  constructor(readonly pid: number = process.pid) {
    const run = this.#runOf(pid);
    this.#run = run === undefined || run === "gone" ? UNKNOWN : run;
  }

  /** The same process, other random digits each time. */
  next(): Owner {
    const random = process.getBuiltinModule("node:crypto").randomBytes(RANDOM_BYTES).toString("hex");
    return { pid: this.pid, digits: `${this.#place}${this.#run}${random}` };
  }

  /** A file of this very process that is not known to be in use here may be another thread's: that is `unknown` too. */
  fateOf({ pid, digits }: Owner): Fate {
    if (pid === NOBODY.pid) return "gone";
    if (digits.slice(0, PART) !== this.#place) return "unknown";
    if (!isInUse(pid)) return "gone";
    const run = this.#runOf(pid);
    if (run === "gone") return "gone";
    const then = digits.slice(PART, 2 * PART);
    if (run === undefined || then === UNKNOWN) return "unknown";
    if (run !== then) return "gone";
    return pid === this.pid ? "unknown" : "running";
  }

  /** The start time in 8 hex digits; undefined where the platform does not tell. */
  #runOf(pid: number): string | undefined {
    const stat = read(`/proc/${pid}/stat`);
    if (stat === undefined) return undefined;
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[STATE] === "Z" || fields[STATE] === "X") return "gone";
    return checksum(String(fields[START_TIME]));
  }
}

/** Where pids mean the same: one boot of one host, and one namespace of it. */
function place(): string {
  const boot = read("/proc/sys/kernel/random/boot_id");
  if (boot === undefined) return checksum(process.getBuiltinModule("node:os").hostname());
  return checksum(`${boot} ${namespace()}`);
}

function namespace(): string {
  try {
    return process.getBuiltinModule("node:fs").readlinkSync("/proc/self/ns/pid");
  } catch {
    return "unknown"; // an old kernel, where every process has the same
  }
}

function read(file: string): string | undefined {
  try {
    return process.getBuiltinModule("node:fs").readFileSync(file, "utf8");
  } catch {
    return undefined; // no such process, or no /proc
  }
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

function checksum(text: string): string {
  return process.getBuiltinModule("node:zlib").crc32(text).toString(16).padStart(PART, "0");
}
