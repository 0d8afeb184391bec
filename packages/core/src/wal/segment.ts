import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { header } from "./record.js";

const OWNER_FILE = 0o600;

/** Somebody renamed or removed the file: what was just written may never be found. */
export class TakenAway extends Error {}

/** A file while it is written: one process, one group at a time. */
export class Segment {
  /** Bytes of whole groups, and the header. */
  #length = 0;

  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
    private readonly stats: BigIntStats,
  ) {}

  /** Makes the file, which must not exist. Its name is on the disk once the folder is synced. */
  static async create(path: string): Promise<Segment> {
    const file = await process.getBuiltinModule("node:fs/promises").open(path, "wx", OWNER_FILE);
    const segment = new Segment(path, file, await file.stat({ bigint: true }));
    try {
      await segment.#write(header());
      segment.#length = header().length;
      return segment;
    } catch (error) {
      await segment.discard();
      throw error;
    }
  }

  get length(): number {
    return this.#length;
  }

  /** Resolves when the group is on the disk under this name. After it rejects: `cutBack()` and `close()`. */
  async append(group: Buffer): Promise<void> {
    await this.#write(group);
    await this.file.datasync();
    this.#verifyName();
    this.#length += group.length;
  }

  /** Answers whether the file holds nothing beyond its whole groups any more. */
  async cutBack(): Promise<boolean> {
    try {
      await this.file.truncate(this.#length);
      await this.file.datasync();
      return true;
    } catch {
      return false; // the answer tells it, and the failure that led here is told by the writer
    }
  }

  /** Everything was synced before, so nothing is lost where this fails. */
  async close(): Promise<void> {
    await this.file.close().catch(() => undefined);
  }

  /** Closes and removes a file without records. What remains where that fails is a header, which nobody minds. */
  async discard(): Promise<void> {
    await this.close();
    await process
      .getBuiltinModule("node:fs/promises")
      .rm(this.path, { force: true })
      .catch(() => undefined);
  }

  async #write(bytes: Buffer): Promise<void> {
    for (let written = 0; written < bytes.length; ) {
      const rest = bytes.length - written;
      const { bytesWritten } = await this.file.write(bytes, written, rest, this.#length + written);
      written += bytesWritten;
    }
  }

  /** At once: the name of an open file is in memory, and a thread would cost many times that. */
  #verifyName(): void {
    const fs = process.getBuiltinModule("node:fs");
    const named = fs.statSync(this.path, { bigint: true, throwIfNoEntry: false });
    if (named?.ino !== this.stats.ino || named.dev !== this.stats.dev) throw new TakenAway("taken away");
  }
}
