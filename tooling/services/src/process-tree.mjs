import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { until } from "./until.mjs";

const WITHIN = 5000;
const STOPPED = /^[Tt]/;
const ZOMBIE = /^Z/;

/** Stops a process and all below it in their tracks: Postgres answers from children of its own, each in its own group. */
export async function pauseTree(root) {
  await until(
    () => {
      const running = family(root).filter(({ state }) => !STOPPED.test(state));
      for (const { pid } of running) signal(pid, "SIGSTOP");
      // Those that it began meanwhile are found in the next round, until a round finds none.
      return running.length === 0;
    },
    `process ${root} to stop`,
    WITHIN,
  );
}

export function resumeTree(root) {
  for (const { pid } of family(root)) signal(pid, "SIGCONT");
}

/** Ends all of them at once, as a power cut does, and answers with those that there were. */
export function killTree(root) {
  const pids = family(root).map(({ pid }) => pid);
  for (const pid of pids) signal(pid, "SIGKILL");
  return pids;
}

/** Resolves when none of them is left. A zombie is gone: whoever inherited it may never ask after it. */
export async function untilGone(pids) {
  const isAlive = ({ pid, state }) => pids.includes(pid) && !ZOMBIE.test(state);
  await until(() => !processes().some(isAlive), "the processes to end", WITHIN);
}

/** The process and its descendants, parents first, without zombies. */
export function family(root) {
  const all = processes().filter(({ state }) => !ZOMBIE.test(state));
  const found = all.filter(({ pid }) => pid === root);
  for (const { pid } of found) found.push(...all.filter(({ parent }) => parent === pid));
  return found;
}

const processes = process.platform === "linux" ? fromProc : fromPs;

function fromProc() {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.flatMap((name) => {
    const stat = statOf(name);
    if (stat === undefined) return [];
    // The name of its program stands before these in parentheses, and may hold parentheses itself.
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return [{ pid: Number(name), parent: Number(parent), state }];
  });
}

function statOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined; // it ended since it was listed
  }
}

/** A bare Debian has no ps; a Mac has no /proc. */
function fromPs() {
  const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,ppid=,state="], { encoding: "utf8" });
  return stdout
    .trim()
    .split("\n")
    .map((line) => {
      const [pid, parent, state] = line.trim().split(/\s+/);
      return { pid: Number(pid), parent: Number(parent), state };
    });
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}
