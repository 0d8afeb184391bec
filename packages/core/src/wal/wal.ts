import type { Clock } from "../clock.js";
import { text } from "../describe.js";
import { Folder } from "../documents/stores/folder.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { fileTakenAway, fileUnreadable, orphanAbsorbed, recordsCorrupt, versionUnknown } from "./events.js";
import { type FilesParts, WalFiles } from "./files.js";
import {
  corruptedTotal,
  currentSizeBytes,
  lastSequence,
  orphansAbsorbedTotal,
  recoveredTotal,
  rotationTotal,
  syncCursorStalled,
  syncLagEntries,
  totalFiles,
} from "./metrics.js";
import { corruptFileOf, fileOf } from "./names.js";
import { Orphans } from "./orphans.js";
import { Identity } from "./owner.js";
import { type Damage, UnknownVersion } from "./reader.js";
import { handOut, Refused, type Source, type Taker } from "./source.js";
import { type Durability, WalWriter } from "./writer.js";

export interface WalOptions {
  /** Whose records these are: processes hand out those of their own name only. Letters, digits and `-`. */
  readonly name: string;
  /** A private folder that may not exist yet. Undefined: records are kept in memory only. */
  readonly folder: string | undefined;
  readonly clock: Clock;
  readonly telemetry: Pick<TelemetryHub, "report" | "counter" | "observeGauge">;
  readonly pid?: number;
  /** Default 100 MB. */
  readonly fileBytes?: number;
  /** Default 10. */
  readonly maxFiles?: number;
  /** Default 64 MiB. */
  readonly memoryBytes?: number;
}

const FILE_BYTES = 100_000_000;
const MAX_FILES = 10;
const MEMORY_BYTES = 64 * 2 ** 20;

/** The write-ahead log of this process; `README.md` has the format and what it guarantees. */
export class Wal implements AsyncDisposable {
  readonly #folder: Folder | undefined;
  readonly #files: WalFiles | undefined;
  readonly #writer: WalWriter;
  readonly #orphans: Orphans | undefined;
  readonly #gauges: readonly Disposable[];
  readonly #told = new Set<string>();
  #handedOut = 0;
  #isStalled = false;

  constructor(private readonly options: WalOptions) {
    const { name, folder, clock, telemetry, pid } = options;
    const identity = new Identity(pid);
    this.#folder = folder === undefined ? undefined : new Folder(folder);
    if (this.#folder !== undefined) {
      const where = { folder: this.#folder, name, identity, clock };
      this.#files = this.#createFiles(where);
      this.#orphans = new Orphans({ ...where, owns: (id) => this.#files?.owns(id) ?? false });
    }
    this.#writer = new WalWriter({
      files: this.#files,
      clock,
      telemetry,
      memoryBytes: options.memoryBytes ?? MEMORY_BYTES,
      newId: () => `${name}-memory-${identity.next().digits}`,
    });
    this.#gauges = this.#observe();
  }

  /** Records of this process that nobody has taken. */
  get pending(): number {
    return this.#writer.sequence - this.#handedOut;
  }

  /** Resolves when the record is where it is said to be. Throws `AdapterError` when there is no room for it. */
  append(data: object): Promise<Durability> {
    return this.#writer.append(data);
  }

  /**
   * Hands out what this process has appended. Rejects with what the taker rejects with: that batch, and what follows it, is
   * handed out again the next time. Not to be called again before it has ended.
   */
  async drain(taker: Taker): Promise<void> {
    for (const source of await this.#writer.seal()) {
      const isGone = await this.#handOut(source, taker);
      this.#writer.taken(source);
      this.#handedOut += source.count;
      if (isGone) await taker.finished(source.id);
    }
  }

  /** Hands out what processes left that are gone, as `drain` does. */
  async absorb(taker: Taker): Promise<void> {
    for (const name of (await this.#orphans?.find()) ?? []) {
      const source = await this.#orphans?.claim(name);
      if (source === undefined || !(await this.#handOut(source, taker))) continue;
      this.options.telemetry.counter(orphansAbsorbedTotal).cell().add();
      this.options.telemetry.report(orphanAbsorbed, { file: fileOf(name), entries: source.handed });
      await taker.finished(source.id);
    }
  }

  /** To be called every few seconds while `pending`: says that this process lives, and tries the disk again. */
  heartbeat(): Promise<void> {
    return this.#writer.heartbeat();
  }

  /** Resolves when what was appended is on the disk. It stays there, for the next who looks. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.release();
    for (const gauge of this.#gauges) gauge[Symbol.dispose]();
  }

  /** Answers whether nothing is left of it, or else leaves it alone. Rejects with what the taker rejects with. */
  async #handOut(source: Source, taker: Taker): Promise<boolean> {
    try {
      await this.#remove(source, await handOut(source, this.#counting(taker)));
      this.#isStalled = false;
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) return this.#leave(source, error);
      this.#isStalled = true;
      throw error.cause;
    }
  }

  #counting(taker: Taker): Pick<Taker, "take"> {
    return {
      take: async (id, records) => {
        await taker.take(id, records);
        this.options.telemetry.counter(recoveredTotal).cell().add(records.length);
      },
    };
  }

  /** What was damaged is kept under another name. The folder is synced: what is forgotten now must not come back. */
  async #remove({ path, id }: Source, damage: Damage): Promise<void> {
    if (path === undefined) return;
    const { rename, rm } = process.getBuiltinModule("node:fs/promises");
    if (damage.places === 0) await rm(path);
    else await rename(path, this.#keptAs(id));
    await this.#folder?.sync();
    if (damage.places > 0) this.#tellOfDamage(path, id, damage);
  }

  #keptAs(id: string): string {
    return `${this.#folder?.path}/${corruptFileOf({ id })}`;
  }

  #tellOfDamage(file: string, id: string, damage: Damage): void {
    this.options.telemetry.counter(corruptedTotal).cell().add(damage.places);
    this.options.telemetry.report(recordsCorrupt, { file, kept_as: this.#keptAs(id), ...damage });
  }

  #leave({ path = "" }: Source, error: unknown): false {
    if (this.#told.has(path)) return false;
    this.#told.add(path);
    const { telemetry } = this.options;
    if (error instanceof UnknownVersion) telemetry.report(versionUnknown, { file: path });
    else if (codeOf(error) === "ENOENT") telemetry.report(fileTakenAway, { file: path });
    else telemetry.report(fileUnreadable, { file: path, reason: text(error) });
    return false;
  }

  #createFiles(where: Pick<FilesParts, "folder" | "name" | "identity" | "clock">): WalFiles {
    const { telemetry, fileBytes = FILE_BYTES, maxFiles = MAX_FILES } = this.options;
    return new WalFiles({
      ...where,
      fileBytes,
      maxFiles,
      onRotated: () => telemetry.counter(rotationTotal).cell().add(),
      onTakenAway: (file, records) => {
        this.#handedOut += records;
        telemetry.report(fileTakenAway, { file });
      },
    });
  }

  #observe(): readonly Disposable[] {
    const { telemetry } = this.options;
    return [
      telemetry.observeGauge(currentSizeBytes, () => [[[], this.#files?.currentBytes]]),
      telemetry.observeGauge(lastSequence, () => [[[], this.#writer.sequence]]),
      telemetry.observeGauge(totalFiles, () => [[[], this.#files?.count]]),
      telemetry.observeGauge(syncLagEntries, () => [[[], this.pending]]),
      telemetry.observeGauge(syncCursorStalled, () => [[[], Number(this.#isStalled)]]),
    ];
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string } | undefined)?.code;
}
