import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { CorruptKeeper } from "./corrupt.js";
import { header, isKnownVersion, versionOf } from "./frame.js";
import { type Item, readItems } from "./reader.js";

/** Stores records, or rejects when it did not. Knows a record that it is handed again. */
export type Take = (records: readonly string[]) => Promise<void>;

/** A batch is also full when its records are this long together. */
const LARGE = 8 * 2 ** 20;
/** A pipe or a link in the place of a file must not hold up or mislead the reader. */
const READ: number = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

export class TakeRefused extends Error {}

export class UnknownVersion extends Error {
  constructor(readonly version: number) {
    super(`version ${version}`);
  }
}

/** Hands out the records of one file that is claimed. */
export class Handover {
  #batch: string[] = [];
  #size = 0;
  #end: number;
  /** Everything before it is taken or kept. */
  offset: number;
  taken = 0;

  constructor(
    private readonly path: string,
    from: number,
    private readonly keeper: CorruptKeeper,
    private readonly take: Take,
    private readonly batchSize: number,
  ) {
    this.offset = from;
    this.#end = from;
  }

  /** Throws `TakeRefused`, `UnknownVersion`, or what the file system threw. */
  async run(): Promise<void> {
    const file = await open(this.path, READ);
    try {
      if (this.offset === 0 && (await isTornHeader(file))) return;
      await this.#meetAll(file);
    } finally {
      await file.close();
      await this.keeper.close();
    }
  }

  async #meetAll(file: FileHandle): Promise<void> {
    try {
      for await (const item of readItems(file, this.offset)) await this.#meet(item);
    } catch (error) {
      // Where the disk gives no more, what was read before is still good.
      if (!(error instanceof TakeRefused)) await this.#flush();
      throw error;
    }
    await this.#flush();
  }

  async #meet(item: Item): Promise<void> {
    if (item.kind === "damage") return this.#keep(item);
    const version = this.#end === 0 ? versionOf(item.payload) : undefined;
    if (version !== undefined && !isKnownVersion(version)) throw new UnknownVersion(version);
    this.#end = item.end;
    if (version !== undefined) return;
    this.#batch.push(item.payload);
    this.#size += item.payload.length;
    if (this.#batch.length >= this.batchSize || this.#size >= LARGE) await this.#flush();
  }

  /** After the records before it, so that one offset tells how far this came. */
  async #keep({ bytes, count, end }: Item & { kind: "damage" }): Promise<void> {
    await this.#flush();
    await this.keeper.keep(bytes, count);
    this.#end = end;
    this.offset = end;
  }

  async #flush(): Promise<void> {
    const batch = this.#batch;
    [this.#batch, this.#size] = [[], 0];
    if (batch.length > 0) await this.#hand(batch);
    this.offset = this.#end;
  }

  async #hand(batch: readonly string[]): Promise<void> {
    try {
      await this.take(batch);
    } catch (error) {
      throw new TakeRefused("the records were not taken", { cause: error });
    }
    this.taken += batch.length;
  }
}

/** What a crash leaves that came before the first record was written. */
async function isTornHeader(file: FileHandle): Promise<boolean> {
  const whole = header();
  const start = await file.read(Buffer.alloc(whole.length), 0, whole.length, 0);
  return start.bytesRead < whole.length && whole.indexOf(start.buffer.subarray(0, start.bytesRead)) === 0;
}
