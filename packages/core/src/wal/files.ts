import type { Clock } from "../clock.js";
import { Folder } from "../documents/stores/folder.js";
import { fileOf, newName, type WalName } from "./names.js";
import { type Identity, NOBODY } from "./owner.js";
import type { RecordBuffer } from "./record.js";
import { Segment, TakenAway } from "./segment.js";
import type { Source } from "./source.js";

export interface FilesParts {
  readonly folder: Folder;
  readonly name: string;
  readonly identity: Identity;
  readonly clock: Clock;
  /** Bytes at which a file is closed. */
  readonly fileBytes: number;
  /** Files that nobody has taken yet. */
  readonly maxFiles: number;
  readonly onRotated: () => void;
  /** Somebody took a file with so many records. */
  readonly onTakenAway: (path: string, records: number) => void;
}

/** A process of another place may take a file that nobody touched for so long. */
export const LEFT_BEHIND = 300_000;
/** A new file would have to be taken away this often, each time within a sync. */
const TAKEN_IN_A_ROW = 5;
const SECOND = 1000;

interface Current {
  readonly segment: Segment;
  readonly name: WalName;
  first: number;
  count: number;
}

/** The files of one log that this process has written, in order; the last of them is open. */
export class WalFiles {
  readonly #sealed: Source[] = [];
  #current: Current | undefined;
  #touchedAt = 0;
  #namedAt = 0;

  constructor(private readonly parts: FilesParts) {}

  get folder(): string {
    return this.parts.folder.path;
  }

  get currentBytes(): number {
    return this.#current?.segment.length ?? 0;
  }

  get count(): number {
    return this.#sealed.length + (this.#current === undefined ? 0 : 1);
  }

  get paths(): readonly string[] {
    const sealed = this.#sealed.flatMap(({ path }) => path ?? []);
    return this.#current === undefined ? sealed : [...sealed, this.#current.segment.path];
  }

  owns(id: string): boolean {
    return this.#current?.name.id === id || this.#sealed.some((source) => source.id === id);
  }

  /**
   * Resolves when the records are on the disk: with true, or with false where that is not sure although they may be found
   * there. Rejects when they are not.
   */
  async write(records: RecordBuffer, tries: number = TAKEN_IN_A_ROW): Promise<boolean> {
    const current = await this.#open();
    try {
      await current.segment.append(records.bytes);
    } catch (error) {
      const isTaken = error instanceof TakenAway;
      const isCut = await current.segment.cutBack();
      await this.#close(isTaken);
      if (!isCut) return false;
      if (isTaken && tries > 1) return this.write(records, tries - 1);
      throw error;
    }
    if (current.count === 0) current.first = records.first;
    current.count += records.count;
    if (current.segment.length >= this.parts.fileBytes) await this.#rotate();
    return true;
  }

  /** Closes what is written. Answers the files, the oldest first; each is to be told of by `taken` when it is gone. */
  async seal(): Promise<readonly Source[]> {
    await this.#close(false);
    return this.#sealed;
  }

  taken(source: Source): void {
    const at = this.#sealed.indexOf(source);
    if (at >= 0) this.#sealed.splice(at, 1);
  }

  /** Gives the files to whoever looks first, also while this process lives on. */
  async release(): Promise<void> {
    const { folder } = this.parts;
    for (const { id } of await this.seal()) {
      // Where that fails it is theirs when this process ends.
      await folder.rename(fileOf({ id }), fileOf({ id, claim: NOBODY })).catch(() => undefined);
    }
    this.#sealed.length = 0;
  }

  /** Tells others that this process lives. */
  async touch(): Promise<void> {
    const { utimes } = process.getBuiltinModule("node:fs/promises");
    const now = new Date(this.parts.clock.now());
    this.#touchedAt = this.parts.clock.now();
    // One that is gone is met when it is written or read.
    for (const path of this.paths) await utimes(path, now, now).catch(() => undefined);
  }

  /** A file that was left alone for long may be in somebody else's hands at this moment: it is not written again. */
  async #open(): Promise<Current> {
    const age = this.parts.clock.now() - this.#touchedAt;
    if (this.#current !== undefined && Math.abs(age) > LEFT_BEHIND / 2) await this.#close(false);
    this.#current ??= await this.#create();
    return this.#current;
  }

  async #create(): Promise<Current> {
    const { folder, name, identity, clock, maxFiles } = this.parts;
    if (this.#sealed.length >= maxFiles) throw new Error(`there are ${maxFiles} files that nobody took`);
    await new Folder(folder.path).make(); // looked at anew: somebody may have removed or replaced it
    // Names tell the order, whatever the wall clock does.
    this.#namedAt = Math.max(clock.now(), this.#namedAt + SECOND);
    const made = newName(name, identity.next(), this.#namedAt);
    const segment = await Segment.create(folder.file(fileOf(made)));
    await folder.sync();
    this.#touchedAt = clock.now();
    return { segment, name: made, first: 0, count: 0 };
  }

  async #rotate(): Promise<void> {
    await this.#close(false);
    this.parts.onRotated();
  }

  async #close(isTaken: boolean): Promise<void> {
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    const { segment, name, first, count } = current;
    const { path, length } = segment;
    if (isTaken) this.parts.onTakenAway(path, count);
    if (count === 0 && !isTaken) return segment.discard();
    await segment.close();
    if (!isTaken) this.#sealed.push({ id: name.id, path, first, count, end: length, taken: 0, handed: 0 });
  }
}
