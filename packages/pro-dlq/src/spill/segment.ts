import { closeSync, fstatSync, fsyncSync, openSync, statSync, unlinkSync, writeSync } from "node:fs";
import { type FileHandle, open, stat, unlink } from "node:fs/promises";
import { syncFolder, syncFolderSync } from "./folder.js";
import { header } from "./frame.js";

const OWNER_FILE = 0o600;

/** An absorber took the file from its writer's hands: what was just written may have come too late. */
export class TakenAway extends Error {}

/** A spill file while it is written, by one process, one group at a time. */
export class Segment {
  /** Bytes of whole groups. */
  #length = 0;

  private constructor(
    readonly folder: string,
    readonly name: string,
    private readonly file: FileHandle,
  ) {}

  static async create(folder: string, name: string): Promise<Segment> {
    return new Segment(folder, name, await open(`${folder}/${name}`, "wx", OWNER_FILE));
  }

  get path(): string {
    return `${this.folder}/${this.name}`;
  }

  /** Resolves when `frames` are on the disk under this name. After it rejects the segment is only good for `abandon()`. */
  async append(frames: Buffer): Promise<void> {
    const isNew = this.#length === 0;
    const bytes = isNew ? Buffer.concat([header(), frames]) : frames;
    await this.#write(bytes);
    await this.file.datasync();
    if (isNew) await syncFolder(this.folder);
    await this.#verifyName();
    this.#length += bytes.length;
  }

  /** Everything was synced before, so nothing is lost where this fails. */
  async close(): Promise<void> {
    await this.file.close().catch(() => undefined);
  }

  /** Leaves the whole groups for an absorber; a file without any is removed. What fails here is damage that readers detect. */
  async abandon(): Promise<void> {
    await this.file.truncate(this.#length).catch(() => undefined);
    await this.close();
    if (this.#length === 0) await unlink(this.path).catch(() => undefined);
  }

  async #write(bytes: Buffer): Promise<void> {
    for (let written = 0; written < bytes.length; ) {
      const { bytesWritten } = await this.file.write(
        bytes,
        written,
        bytes.length - written,
        this.#length + written,
      );
      written += bytesWritten;
    }
  }

  async #verifyName(): Promise<void> {
    const mine = await this.file.stat({ bigint: true });
    const named = await stat(this.path, { bigint: true }).catch(() => undefined);
    if (named?.ino !== mine.ino || named.dev !== mine.dev) throw new TakenAway("taken away");
  }
}

/** A whole segment in one go, for a process that is about to end. */
export function writeSegmentSync(folder: string, name: string, frames: Buffer): void {
  const path = `${folder}/${name}`;
  const file = openSync(path, "wx", OWNER_FILE);
  try {
    writeAllSync(file, Buffer.concat([header(), frames]));
    fsyncSync(file);
    syncFolderSync(folder);
    const named = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (named?.ino !== fstatSync(file, { bigint: true }).ino) throw new TakenAway("taken away");
  } catch (error) {
    removeSync(path);
    throw error;
  } finally {
    closeSync(file);
  }
}

function writeAllSync(file: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
}

function removeSync(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    return; // readers detect what is torn, and whole records may be handed out twice
  }
}
