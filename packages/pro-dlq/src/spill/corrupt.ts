import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

const OWNER_FILE = 0o600;
const NEWLINE = 10;
const APPEND: number =
  constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0);

/** Keeps damaged bytes beside the file that they came from. Made when there are some. */
export class CorruptKeeper {
  #file: FileHandle | undefined;
  /** Damaged lines that it keeps. */
  count = 0;

  constructor(readonly path: string) {}

  async keep(bytes: Buffer, count: number): Promise<void> {
    this.#file ??= await open(this.path, APPEND, OWNER_FILE);
    await this.#file.appendFile(bytes);
    if (bytes.at(-1) !== NEWLINE) await this.#file.appendFile("\n");
    this.count += count;
  }

  /** Resolves when what was kept is on the disk. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    try {
      await file?.sync();
    } finally {
      await file?.close();
    }
  }
}
