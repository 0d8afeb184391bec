import type { Clock } from "../../clock.js";
import { AdapterError } from "../../errors.js";
import type { Folder } from "./folder.js";

const RETRY = 10;
const PATIENCE = 10_000;
/** A writer needs milliseconds; one that holds the lock this long is gone, or its host is. */
const STALE = 10_000;

/**
 * A lock among the processes that share a folder: a file that only one can create. One whose holder died is taken over
 * by renaming it, and what was renamed is compared with what was judged, so that a lock taken meanwhile is put back.
 */
export class FileLock {
  #seen: { readonly text: string | undefined; readonly since: number } = { text: undefined, since: 0 };

  constructor(
    private readonly folder: Folder,
    private readonly name: string,
    private readonly clock: Clock,
  ) {}

  async hold<T>(work: () => Promise<T>): Promise<T> {
    const mine = `${process.pid} ${this.clock.now()} ${Math.floor(this.clock.monotonic() * 1e6)}`;
    await this.#acquire(mine);
    try {
      return await work();
    } finally {
      // Someone may have taken it over from a holder that seemed gone.
      if ((await this.folder.read(this.name)) === mine) await this.folder.remove(this.name);
    }
  }

  async #acquire(mine: string): Promise<void> {
    const deadline = this.clock.monotonic() + PATIENCE + STALE;
    while (!(await this.folder.create(this.name, mine))) {
      if (this.clock.monotonic() > deadline)
        throw new AdapterError(`${this.folder.file(this.name)} is held by another process`);
      await this.#takeOverIfStale();
      await new Promise<void>((resolve) => this.clock.setTimeout(resolve, RETRY));
    }
  }

  async #takeOverIfStale(): Promise<void> {
    const text = await this.folder.read(this.name);
    if (text === undefined || !this.#isStale(text)) return;
    const aside = `${this.name}.stale-${process.pid}`;
    if (!(await this.folder.rename(this.name, aside))) return;
    const taken = await this.folder.read(aside);
    if (taken !== text && taken !== undefined) await this.folder.create(this.name, taken);
    await this.folder.remove(aside);
  }

  #isStale(text: string): boolean {
    const now = this.clock.monotonic();
    if (text !== this.#seen.text) this.#seen = { text, since: now };
    return !isAlive(Number.parseInt(text, 10)) || now - this.#seen.since > STALE;
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return true; // half-written: its writer decides, or time does
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}
