import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { HotClock } from "../clock.js";
import { FileLock } from "../documents/stores/file-lock.js";
import { Folder } from "../documents/stores/folder.js";

export interface HostLockParts {
  /** Where the lock is; nothing is made before somebody wants it. */
  readonly folder: () => string;
  /** Of the file. */
  readonly name: string;
  readonly clock: HotClock;
  /** Milliseconds after which a holder that does not touch its lock is gone. */
  readonly ttl: number;
}

/** Milliseconds; an attempt that took longer proves nothing, for others may have judged this process to be gone meanwhile. */
const TOO_SLOW = 5000;

/**
 * A lock that one process of those that share a folder holds for as long as it lives: a file that says who, and that its
 * holder touches now and then. A holder on this host that died is succeeded at once, any other one when it was silent for
 * too long. Whoever was succeeded finds another name in the file, and touches it no more.
 */
export class HostLock {
  #opened: Folder | undefined;
  #seen: { readonly stamp: string; readonly since: number } = { stamp: "", since: 0 };
  readonly #mine: string;

  constructor(private readonly parts: HostLockParts) {
    this.#mine = JSON.stringify([process.pid, startOf(), hostname(), randomUUID()]);
  }

  /** Whether it is held from now on. Rejects with `AdapterError` or `ConfigurationError` where the folder cannot be used. */
  async acquire(): Promise<boolean> {
    if (!(await this.#isFree())) return false;
    const { clock, name } = this.parts;
    const began = clock.monotonic();
    const guard = new FileLock(this.#folder, `${name}.guard`, clock);
    const acquired = await guard.hold(() => this.#take());
    if (acquired && clock.monotonic() - began > TOO_SLOW) return this.#giveUp();
    return acquired;
  }

  /** Whether it is still held. */
  async renew(): Promise<boolean> {
    const { name } = this.parts;
    if ((await this.#folder.read(name)) !== this.#mine) return false;
    await this.#folder.touch(name, this.parts.clock.now());
    return true;
  }

  /** Does nothing where it is not held. */
  async release(): Promise<void> {
    const { clock, name } = this.parts;
    if ((await this.#folder.read(name)) !== this.#mine) return;
    await new FileLock(this.#folder, `${name}.guard`, clock).hold(() => this.#giveUp());
  }

  async #giveUp(): Promise<false> {
    const { name } = this.parts;
    if ((await this.#folder.read(name)) === this.#mine) await this.#folder.remove(name);
    return false;
  }

  /** Nobody else takes it meanwhile, but its holder may touch it. */
  async #take(): Promise<boolean> {
    if (!(await this.#isFree())) return false;
    const { name } = this.parts;
    await this.#folder.remove(name);
    return this.#folder.create(name, this.#mine);
  }

  async #isFree(): Promise<boolean> {
    const { name, clock, ttl } = this.parts;
    const text = await this.#folder.read(name);
    if (text === undefined || text === this.#mine || isDead(text)) return true;
    const stamp = `${text} ${await this.#folder.stamp(name)}`;
    const now = clock.monotonic();
    if (stamp !== this.#seen.stamp) this.#seen = { stamp, since: now };
    return now - this.#seen.since >= ttl;
  }

  get #folder(): Folder {
    this.#opened ??= new Folder(this.parts.folder());
    return this.#opened;
  }
}

/** When this process began, so that another one which is given its number later is not taken for it. */
function startOf(): number {
  return Math.round(performance.timeOrigin);
}

/** Whether its holder is a process of this host that has ended. What cannot be read says nothing. */
function isDead(text: string): boolean {
  const [pid, start, host] = parse(text);
  if (typeof pid !== "number" || host !== hostname()) return false;
  if (pid === process.pid) return start !== startOf();
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as { code?: string }).code === "ESRCH";
  }
}

function parse(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return []; // half-written: its writer decides, or time does
  }
}
