import { rename, unlink } from "node:fs/promises";
import { type Candidate, Candidates, type CandidatesOptions } from "./candidates.js";
import { CorruptKeeper } from "./corrupt.js";
import { Handover, type Take, TakeRefused, UnknownVersion } from "./handover.js";
import { corruptName, firstName, formatName, type Owner, parseName, type SpillName } from "./names.js";
import { reasonOf } from "./problem.js";

/** What an absorption did. */
export interface Absorbed {
  readonly taken: number;
  /** Damaged lines that were put aside. */
  readonly corrupt: number;
  /** Files removed, because nothing of them was left. */
  readonly files: number;
}

/** An absorption under way. */
interface Absorption {
  readonly take: Take;
  readonly batchSize: number;
  taken: number;
  corrupt: number;
  files: number;
}

/** Hands out what lies in the folders; one absorption at a time. */
export class Absorber {
  readonly #candidates: Candidates;
  readonly #signature: Owner;

  constructor(private readonly options: CandidatesOptions) {
    this.#candidates = new Candidates(options);
    this.#signature = options.identity.next();
  }

  /** The file that is being written comes last, once all others were taken: a store that refuses costs no new files. */
  async absorb(take: Take, batchSize: number): Promise<Absorbed> {
    const absorption = { take, batchSize, taken: 0, corrupt: 0, files: 0 };
    const willing = await this.#absorbAll(await this.#candidates.all(), absorption);
    if (willing) await this.#absorbAll(await this.#rotated(), absorption);
    const { taken, corrupt, files } = absorption;
    return { taken, corrupt, files };
  }

  async #rotated(): Promise<Candidate[]> {
    const file = await this.options.writer.rotate();
    const name = file === undefined ? undefined : parseName(file.name);
    return file === undefined || name === undefined ? [] : [{ folder: file.folder, name }];
  }

  /** Whether no batch was refused. */
  async #absorbAll(candidates: readonly Candidate[], absorption: Absorption): Promise<boolean> {
    for (const candidate of candidates) {
      if (!(await this.#claim(candidate))) continue;
      if (!(await this.#absorbClaimed(candidate, absorption))) return false;
    }
    return true;
  }

  /** False where it is not to be taken, or another absorber was first. */
  async #claim(candidate: Candidate): Promise<boolean> {
    const { folder, name } = candidate;
    const mayTake = await this.#candidates.mayTake(candidate, this.#signature);
    return mayTake && this.#rename(folder, name, this.#claimed(name));
  }

  #claimed(name: SpillName): SpillName {
    return { ...name, claim: this.#signature };
  }

  /** Whether no batch was refused. */
  async #absorbClaimed(candidate: Candidate, absorption: Absorption): Promise<boolean> {
    const { folder, name } = candidate;
    const path = `${folder}/${formatName(this.#claimed(name))}`;
    const keeper = new CorruptKeeper(`${folder}/${corruptName(name.owner)}`);
    const handover = new Handover(path, name.offset, keeper, absorption.take, absorption.batchSize);
    try {
      await handover.run();
      await this.#remove(path, name);
      absorption.files++;
      return true;
    } catch (error) {
      await this.#release(candidate, handover.offset);
      this.#tellOf(candidate, error);
      return !(error instanceof TakeRefused);
    } finally {
      absorption.taken += handover.taken;
      absorption.corrupt += keeper.count;
      this.#tellOfDamage(candidate, keeper);
    }
  }

  async #remove(path: string, name: SpillName): Promise<void> {
    // Absent where another thought this process dead and took its claim over.
    await unlink(path).catch((error: unknown) => {
      if (codeOf(error) !== "ENOENT") throw error;
    });
    this.options.writer.written.delete(firstName(name));
  }

  /** What cannot get a name back stays claimed, and this absorber takes it up the next time. */
  async #release({ folder, name }: Candidate, offset: number): Promise<void> {
    await this.#rename(folder, this.#claimed(name), { owner: name.owner, offset });
  }

  async #rename(folder: string, from: SpillName, to: SpillName): Promise<boolean> {
    const file = `${folder}/${formatName(from)}`;
    try {
      await rename(file, `${folder}/${formatName(to)}`);
      return true;
    } catch (error) {
      const reason = reasonOf(error);
      if (reason !== "ENOENT") this.options.reporter.tell({ kind: "file_unreadable", file, reason });
      return false;
    }
  }

  #tellOf({ folder, name }: Candidate, error: unknown): void {
    // The taker knows of the one; the other is a claim that somebody took over, who hands the records out again.
    if (error instanceof TakeRefused || codeOf(error) === "ENOENT") return;
    const file = `${folder}/${firstName(name)}`;
    const { reporter } = this.options;
    if (error instanceof UnknownVersion)
      reporter.tell({ kind: "unknown_version", file, version: error.version });
    else reporter.tell({ kind: "file_unreadable", file, reason: reasonOf(error) });
  }

  #tellOfDamage({ folder, name }: Candidate, { count, path }: CorruptKeeper): void {
    if (count === 0) return;
    const file = `${folder}/${firstName(name)}`;
    this.options.reporter.tell({ kind: "records_corrupt", file, keptAs: path, count });
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string }).code;
}
