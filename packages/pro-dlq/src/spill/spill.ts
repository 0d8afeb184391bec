import type { Clock } from "@baldur/core";
import { type Absorbed, Absorber } from "./absorber.js";
import { encodeFrames } from "./frame.js";
import type { Take } from "./handover.js";
import { ProblemReporter, type SpillProblem } from "./problem.js";
import { Identity } from "./process.js";
import { SpillWriter } from "./writer.js";

const BATCH_SIZE = 100;

export interface SpillFileOptions {
  /** Tried in order: the first that can be made and written is used. Links and folders of somebody else are refused. */
  readonly folders: readonly string[];
  readonly clock: Clock;
  readonly pid?: number;
  /** Told of each problem once. Must not throw. */
  readonly onProblem: (problem: SpillProblem) => void;
}

/** The file of this process for records that the store did not accept; `README.md` has the format. */
export class SpillFile {
  readonly #writer: SpillWriter;
  readonly #absorber: Absorber;
  #absorption: Promise<unknown> = Promise.resolve();

  constructor({ folders, clock, pid = process.pid, onProblem }: SpillFileOptions) {
    const identity = new Identity(pid);
    const reporter = new ProblemReporter(onProblem);
    this.#writer = new SpillWriter(folders, identity, reporter);
    this.#absorber = new Absorber({ folders, identity, clock, writer: this.#writer, reporter });
  }

  /**
   * Resolves with the file's path when the records are on the disk. Rejects with `AdapterError` when no folder takes them,
   * with `TypeError` for a record of several lines or above 16 MiB. No records: no file, and an empty path.
   */
  async append(records: readonly string[]): Promise<string> {
    if (records.length === 0) return "";
    return this.#writer.append(encodeFrames(records));
  }

  /** For the end of the process. To a file of its own, so that it cannot meet a write that is under way. */
  appendSync(records: readonly string[]): string {
    if (records.length === 0) return "";
    return this.#writer.appendSync(encodeFrames(records));
  }

  /**
   * Hands out what this process wrote before and what dead ones left. A batch that `take` rejects ends it: that batch and
   * the rest stay for the next time. After a crash `take` is handed records again, so it must know them by their id.
   */
  absorb(take: Take, batchSize: number = BATCH_SIZE): Promise<Absorbed> {
    const absorbed = this.#absorption.then(() => this.#absorber.absorb(take, Math.max(1, batchSize)));
    this.#absorption = absorbed.catch(() => undefined);
    return absorbed;
  }

  /** Whether files of this process hold records that were not absorbed, as far as it knows. */
  pending(): boolean {
    return this.#writer.written.size > 0;
  }

  /** What was written stays. A later append begins another file. */
  async close(): Promise<void> {
    await this.#writer.rotate();
  }
}
