import { AdapterError } from "@baldur/core";
import { FolderRefused, makeFolder, makeFolderSync } from "./folder.js";
import { formatName } from "./names.js";
import { type ProblemReporter, reasonOf } from "./problem.js";
import type { Identity } from "./process.js";
import { Segment, TakenAway, writeSegmentSync } from "./segment.js";

/** An absorber would have to take a new file this often, each time within a sync, before a folder is given up. */
const TAKEN_IN_A_ROW = 5;

interface Waiting {
  readonly frames: Buffer;
  readonly resolve: (path: string) => void;
  readonly reject: (error: unknown) => void;
}

/** Appends to the first folder that takes it. What arrives while a sync runs goes out with the next. */
export class SpillWriter {
  #segment: Segment | undefined;
  #waiting: Waiting[] = [];
  /** The end of what is under way: groups and rotations, one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Names of this writer's files with records, as far as it knows. */
  readonly written: Set<string> = new Set();
  /** The name that is being written to, known before the file is there. */
  currentName: string | undefined;

  constructor(
    private readonly folders: readonly string[],
    private readonly identity: Identity,
    private readonly reporter: ProblemReporter,
  ) {}

  append(frames: Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ frames, resolve, reject });
      if (this.#waiting.length === 1) void this.#next(() => this.#writeGroup());
    });
  }

  appendSync(frames: Buffer): string {
    const failures: string[] = [];
    for (const folder of this.folders) {
      try {
        return this.#writeSync(folder, frames);
      } catch (error) {
        failures.push(this.#failed(folder, error));
      }
    }
    throw refusal(failures);
  }

  /** Closes the current file, so that it can be absorbed, and answers which that was. */
  rotate(): Promise<Segment | undefined> {
    return this.#next(async () => {
      const segment = this.#forget();
      await segment?.close();
      return segment;
    });
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #writeGroup(): Promise<void> {
    const group = this.#waiting;
    this.#waiting = [];
    try {
      const path = await this.#write(Buffer.concat(group.map(({ frames }) => frames)));
      for (const { resolve } of group) resolve(path);
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }

  async #write(frames: Buffer): Promise<string> {
    const failures: string[] = [];
    const current = this.#segment === undefined ? [] : [this.#segment.folder];
    for (const folder of [...current, ...this.folders]) {
      try {
        return await this.#writeTo(folder, frames, TAKEN_IN_A_ROW);
      } catch (error) {
        failures.push(this.#failed(folder, error));
      }
    }
    throw refusal(failures);
  }

  /** Again with a new file where the file is taken away: that is luck, not a fault of the folder. */
  async #writeTo(folder: string, frames: Buffer, tries: number): Promise<string> {
    try {
      return await this.#writeOnce(folder, frames);
    } catch (error) {
      await this.#forget()?.abandon();
      if (!(error instanceof TakenAway) || tries === 1) throw error;
      return this.#writeTo(folder, frames, tries - 1);
    }
  }

  async #writeOnce(folder: string, frames: Buffer): Promise<string> {
    this.#segment ??= await this.#create(folder);
    const { name, path } = this.#segment;
    await this.#segment.append(frames);
    this.written.add(name);
    return path;
  }

  async #create(folder: string): Promise<Segment> {
    await makeFolder(folder);
    this.currentName = this.#newName();
    return Segment.create(folder, this.currentName);
  }

  #writeSync(folder: string, frames: Buffer): string {
    const name = this.#newName();
    makeFolderSync(folder);
    writeSegmentSync(folder, name, frames);
    this.written.add(name);
    return `${folder}/${name}`;
  }

  #newName(): string {
    return formatName({ owner: this.identity.next(), offset: 0 });
  }

  #forget(): Segment | undefined {
    const segment = this.#segment;
    this.#segment = undefined;
    this.currentName = undefined;
    return segment;
  }

  #failed(folder: string, error: unknown): string {
    const reason = reasonOf(error);
    if (error instanceof FolderRefused) this.reporter.tell({ kind: "folder_refused", folder, reason });
    else this.reporter.tell({ kind: "write_failed", folder, reason });
    return `${folder}: ${reason}`;
  }
}

function refusal(failures: readonly string[]): AdapterError {
  return new AdapterError(`no folder takes the spilled records (${[...new Set(failures)].join("; ")})`);
}
