import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { killTree, pauseTree, resumeTree, untilGone } from "./process-tree.mjs";

export const LOG = "server.log";
const STOPS_WITHIN = 8000;
/** Lets the kernel end a server whose parent is gone, however it went; without it only an orderly exit does. */
const TIED = ["setpriv", "--pdeathsig", "KILL", "--"];
const canTie = () => spawnSync(TIED[0], [...TIED.slice(1), "true"]).status === 0;

/** One run of a server's program, from its start to its end. */
export function launch({ command, args, folder, env, identity }) {
  const log = openSync(join(folder, LOG), "a");
  const [file, ...words] = [...(canTie() ? TIED : []), command, ...args];
  const child = spawn(file, words, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ["ignore", log, log],
    ...identity,
  });
  closeSync(log);
  return new Run(child);
}

class Run {
  isGone = false;
  #child;
  #gone;

  constructor(child) {
    this.#child = child;
    this.#gone = new Promise((resolve) => child.once("exit", resolve).once("error", resolve)).then(() => {
      this.isGone = true;
    });
  }

  get pid() {
    return this.#child.pid;
  }

  async pause() {
    if (!this.isGone) await pauseTree(this.pid);
  }

  async resume() {
    if (!this.isGone) resumeTree(this.pid);
  }

  /** Ends it in good order, by force when that takes too long. */
  async end(signal) {
    if (this.isGone) return;
    resumeTree(this.pid); // who is paused hears no signal
    this.#child.kill(signal);
    const late = setTimeout(() => killTree(this.pid), STOPS_WITHIN);
    await this.#gone;
    clearTimeout(late);
  }

  async kill() {
    if (this.isGone) return;
    await pauseTree(this.pid); // or it could begin children while they are counted
    const pids = killTree(this.pid);
    await Promise.all([this.#gone, untilGone(pids)]);
  }

  /** For the exit of this process, when nothing can be waited for. */
  abandon() {
    if (!this.isGone) killTree(this.pid);
  }
}
