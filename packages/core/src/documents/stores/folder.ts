import type { FileHandle } from "node:fs/promises";
import { AdapterError, ConfigurationError } from "../../errors.js";

type Fs = typeof import("node:fs/promises");

/** Loaded when a folder is first used: importing the package must not cost what most programs never need. */
async function nodeFs(): Promise<Fs> {
  return import("node:fs/promises");
}

const OWNER_ONLY = 0o700;
const OWNER_FILE = 0o600;
const WRITABLE_BY_OTHERS = process.platform === "win32" ? 0 : 0o022;

/** A private folder of small files that are replaced whole. Every failure is an `AdapterError` that names the path. */
export class Folder {
  #made: Promise<void> | undefined;
  #vetted = false;
  #temporary = 0;

  constructor(readonly path: string) {}

  file(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Its text, or undefined where there is none. */
  async read(name: string): Promise<string | undefined> {
    await this.#vet();
    const fs = await nodeFs();
    return this.#orAbsent(name, () => fs.readFile(this.file(name), "utf8"));
  }

  /** Something that changes whenever the file does. */
  async stamp(name: string): Promise<string> {
    const fs = await nodeFs();
    const stat = await this.#orAbsent(name, () => fs.stat(this.file(name), { bigint: true }));
    return stat === undefined ? "absent" : `${stat.ino}:${stat.size}:${stat.mtimeNs}`;
  }

  async list(): Promise<string[]> {
    const fs = await nodeFs();
    return (await this.#orAbsent("", () => fs.readdir(this.path))) ?? [];
  }

  /** Replaces the file in one step: a reader sees the old text or the new, and a crash leaves one of them. */
  async replace(name: string, text: string): Promise<void> {
    await this.make();
    const fs = await nodeFs();
    const temporary = `${name}.tmp-${process.pid}-${++this.#temporary}`;
    await this.#guard(name, async () => {
      try {
        await this.#writeThrough(temporary, text);
        await fs.rename(this.file(temporary), this.file(name));
      } catch (error) {
        await fs.rm(this.file(temporary), { force: true });
        throw error;
      }
      await this.sync();
    });
  }

  /** Creates the file unless it exists. Makes the folder again where someone removed it. */
  async create(name: string, text: string): Promise<boolean> {
    await this.make();
    const created = await this.#tryCreate(name, text);
    if (created !== undefined) return created;
    this.#made = undefined;
    await this.make();
    return (await this.#tryCreate(name, text)) ?? false;
  }

  /** Undefined where the folder is gone. */
  async #tryCreate(name: string, text: string): Promise<boolean | undefined> {
    const fs = await nodeFs();
    try {
      await fs.writeFile(this.file(name), text, { flag: "wx", mode: OWNER_FILE });
      return true;
    } catch (error) {
      if (codeOf(error) === "EEXIST") return false;
      if (codeOf(error) === "ENOENT") return undefined;
      throw this.#failure(name, error);
    }
  }

  /** Gives a file another name; false where there was none. */
  async rename(from: string, to: string): Promise<boolean> {
    const fs = await nodeFs();
    const renamed = await this.#orAbsent(from, async () => {
      await fs.rename(this.file(from), this.file(to));
      return true;
    });
    return renamed ?? false;
  }

  /** Changes its stamp, and nothing else; does nothing where there is none. `now` is wall time in milliseconds. */
  async touch(name: string, now: number): Promise<void> {
    const fs = await nodeFs();
    const time = new Date(now);
    await this.#orAbsent(name, () => fs.utimes(this.file(name), time, time));
  }

  async remove(name: string): Promise<void> {
    const fs = await nodeFs();
    await this.#guard(name, () => fs.rm(this.file(name), { force: true }));
  }

  /** Makes the folder, for its owner only. Rejects with `ConfigurationError` for a link or somebody else's folder. */
  make(): Promise<void> {
    this.#made ??= this.#make().catch((error: unknown) => {
      this.#made = undefined;
      throw error;
    });
    return this.#made;
  }

  async #make(): Promise<void> {
    await this.#vet();
    const fs = await nodeFs();
    await this.#guard("", () => fs.mkdir(this.path, { recursive: true, mode: OWNER_ONLY }));
    await this.#vet();
  }

  /** Rejects with `ConfigurationError` for a folder that others could have filled; once it is found good, that is remembered. */
  async #vet(): Promise<void> {
    if (this.#vetted) return;
    const fs = await nodeFs();
    const stat = await this.#orAbsent("", () => fs.lstat(this.path));
    if (stat === undefined) return;
    const own = process.getuid === undefined || stat.uid === process.getuid();
    if (!stat.isDirectory() || !own || (stat.mode & WRITABLE_BY_OTHERS) !== 0) {
      throw new ConfigurationError(
        `${this.path} must be a folder of this user's own that nobody else may write to, and not a link`,
      );
    }
    this.#vetted = true;
  }

  async #writeThrough(name: string, text: string): Promise<void> {
    const fs = await nodeFs();
    const file: FileHandle = await fs.open(this.file(name), "wx", OWNER_FILE);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /** A new name, and that one is gone, must itself reach the disk. */
  async sync(): Promise<void> {
    if (process.platform === "win32") return; // it has no handle to a folder; its journal keeps names
    const fs = await nodeFs();
    const folder = await fs.open(this.path, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  async #orAbsent<T>(name: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw this.#failure(name, error);
    }
  }

  async #guard<T>(name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#failure(name, error);
    }
  }

  #failure(name: string, cause: unknown): AdapterError {
    return new AdapterError(`${this.file(name)}: ${codeOf(cause) ?? String(cause)}`, { cause });
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string } | undefined)?.code;
}
