import { statSync } from "node:fs";
import { dirname } from "node:path";
import { AdapterError } from "@baldur/core";

/** Tells a file from every other one for as long as somebody has it open. */
export interface Identity {
  readonly device: bigint;
  readonly inode: bigint;
}

/** What is there in place of the file that was opened. */
export type Loss = "gone" | "another file";

type Listener = (found: Loss) => void;

/** What a path leads to. */
interface Entry extends Identity {
  /** Nanoseconds. A folder changes when something in it gets or loses a name. */
  readonly changed: bigint;
}

const WHAT_HAPPENED: Readonly<Record<Loss, string>> = {
  gone: "was removed or moved",
  "another file": "was replaced by another file",
};
/** Of a path that leads to nothing. */
const NOWHERE: readonly (string | undefined)[] = ["ENOENT", "ENOTDIR", "ELOOP"];
/** Nanoseconds; the coarsest clock of a file system. */
const GRAIN = 2_000_000_000n;

/**
 * Where the file of a store was opened. A file that is removed or replaced goes on taking what is written, and what it took
 * is lost with the last process that has it open.
 */
export class Place {
  #problem: string | undefined;
  /** The folder as it was when the file was found in it, where it cannot change without being seen to. */
  #folder: Entry | undefined;
  readonly #listeners = new Set<Listener>();
  /** Which of the files is not in its place. */
  #lost: string;

  /** `lock` is the file that processes agree by: without it, two of them would write at once. */
  constructor(
    private readonly file: string,
    private readonly opened: Identity,
    private readonly lock?: { readonly file: string; readonly opened: Identity },
  ) {
    this.#lost = file;
  }

  /** Why nothing may be written any more. It stays so if the file comes back: others may have begun a new one meanwhile. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Tells the listener once, when it is found out. Answers how to stop that. */
  onLoss(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Throws `AdapterError` when the file is not where it was opened, and ever after. Takes microseconds, and no disk is waited
   * for: an open file keeps itself and the folders above it in memory.
   */
  check(): void {
    if (this.#problem === undefined) this.#look();
    if (this.#problem !== undefined) throw new AdapterError(this.#problem);
  }

  #look(): void {
    const found = this.#found();
    if (found === undefined) return;
    this.#problem = `${this.#lost} ${WHAT_HAPPENED[found]} while it was in use; nothing is written until the process restarts`;
    for (const tell of this.#listeners) tell(found);
  }

  /** Undefined where all is well. */
  #found(): Loss | undefined {
    try {
      const folder = look(dirname(this.file));
      if (folder !== undefined && isUnchanged(folder, this.#folder)) return undefined;
      return this.#foundAnew(folder);
    } catch {
      return undefined; // a process that gave up its rights may not look, which says nothing about the file
    }
  }

  /**
   * Looks at the file itself. Not every time: whoever asks Linux when a file last changed has it write down the next change at
   * once, which costs that commit some 50 µs.
   */
  #foundAnew(folder: Entry | undefined): Loss | undefined {
    const file = look(this.file);
    const loss = lossOf(file, this.opened) ?? this.#lossOfLock();
    if (loss !== undefined || file === undefined) return loss;
    // Of changes within one tick of the clock only the first is seen. The file was changed by the last write, so it tells the time.
    const isOver = folder !== undefined && file.changed - folder.changed > GRAIN;
    this.#folder = isOver ? folder : undefined;
    return undefined;
  }

  #lossOfLock(): Loss | undefined {
    if (this.lock === undefined) return undefined;
    const loss = lossOf(look(this.lock.file), this.lock.opened);
    if (loss !== undefined) this.#lost = this.lock.file;
    return loss;
  }
}

function lossOf(found: Identity | undefined, opened: Identity): Loss | undefined {
  if (found === undefined) return "gone";
  return isSame(found, opened) ? undefined : "another file";
}

/** Of a file that is there. */
export function identityOf(file: string): Identity | undefined {
  return look(file);
}

function look(path: string): Entry | undefined {
  try {
    const { dev: device, ino: inode, ctimeNs: changed } = statSync(path, { bigint: true });
    return { device, inode, changed };
  } catch (error) {
    if (NOWHERE.includes((error as { code?: string }).code)) return undefined;
    throw error;
  }
}

function isSame(found: Identity, known: Identity): boolean {
  return found.inode === known.inode && found.device === known.device;
}

function isUnchanged(found: Entry, known: Entry | undefined): boolean {
  return known !== undefined && found.changed === known.changed && isSame(found, known);
}
