import { readdir, stat } from "node:fs/promises";
import type { Clock } from "@baldur/core";
import { vetFolder } from "./folder.js";
import { firstName, formatName, type Owner, parseName, type SpillName } from "./names.js";
import { type ProblemReporter, reasonOf } from "./problem.js";
import { fateOf, type Identity } from "./process.js";
import type { SpillWriter } from "./writer.js";

/** Where nobody can tell whether its writer lives: a file that is untouched for so long is left behind. */
const LEFT_BEHIND = 3_600_000;

/** A spill file that was seen, and where. */
export interface Candidate {
  readonly folder: string;
  readonly name: SpillName;
}

export interface CandidatesOptions {
  readonly folders: readonly string[];
  readonly identity: Identity;
  readonly clock: Clock;
  readonly writer: SpillWriter;
  readonly reporter: ProblemReporter;
}

/** The spill files in the folders, and which of them an absorber may take. */
export class Candidates {
  constructor(private readonly options: CandidatesOptions) {}

  async all(): Promise<Candidate[]> {
    const written = [...this.options.writer.written];
    const lists: (Candidate[] | undefined)[] = [];
    for (const folder of this.options.folders) lists.push(await this.#list(folder));
    const found = lists.flatMap((list) => list ?? []);
    if (!lists.includes(undefined)) this.#forgetAllBut(found, written);
    return found;
  }

  /** `signature`: what the absorber who asks signs its claims with. */
  async mayTake(candidate: Candidate, signature: Owner): Promise<boolean> {
    const { owner, claim } = candidate.name;
    if (claim === undefined) {
      if (formatName(candidate.name) === this.options.writer.currentName) return false;
      return owner.pid === this.options.identity.pid || this.#isLeftBehind(candidate, owner);
    }
    const own = claim.pid === signature.pid && claim.nonce === signature.nonce;
    return own || this.#isLeftBehind(candidate, claim);
  }

  /** Undefined where the folder cannot be seen. */
  async #list(folder: string): Promise<Candidate[] | undefined> {
    try {
      if (!(await vetFolder(folder))) return [];
      const entries = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile());
      const names = entries.map((entry) => parseName(entry.name));
      return names.flatMap((name) => (name === undefined ? [] : [{ folder, name }]));
    } catch (error) {
      this.options.reporter.tell({ kind: "folder_refused", folder, reason: reasonOf(error) });
      return undefined;
    }
  }

  /** What another process absorbed is no longer this one's. */
  #forgetAllBut(found: readonly Candidate[], written: readonly string[]): void {
    const there = new Set(found.map(({ name }) => firstName(name)));
    for (const name of written) if (!there.has(name)) this.options.writer.written.delete(name);
  }

  async #isLeftBehind({ folder, name }: Candidate, by: Owner): Promise<boolean> {
    const fate = fateOf(by);
    if (fate !== "unknown") return fate === "gone";
    const stats = await stat(`${folder}/${formatName(name)}`).catch(() => undefined);
    if (stats === undefined) return false;
    // A write is seen in the one, a rename in the other.
    return this.options.clock.now() - Math.max(stats.mtimeMs, stats.ctimeMs) > LEFT_BEHIND;
  }
}
