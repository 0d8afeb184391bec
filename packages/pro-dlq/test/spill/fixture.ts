import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFakeClock, type FakeClock } from "@baldur/testkit";
import type { Absorbed } from "../../src/spill/absorber.js";
import { encodeFrames, header } from "../../src/spill/frame.js";
import type { SpillProblem } from "../../src/spill/problem.js";
import { SpillFile, type SpillFileOptions } from "../../src/spill/spill.js";

/** No process has it: Linux gives none above 2^22. */
export const DEAD_PID: number = 2 ** 22 + 1;
export const NONCE = "00000000deadbeef";
/** The name of a file that a dead process left. */
export const LEFT: string = `${DEAD_PID}-${NONCE}.spill`;

export const record = (id: number | string): string => JSON.stringify({ id, note: "kaputt — 失敗 😀" });
export const idOf = (text: string): unknown => (JSON.parse(text) as { id: unknown }).id;

export function whole(...payloads: string[]): Buffer {
  return Buffer.concat([header(), encodeFrames(payloads)]);
}

/** A temporary folder with spill files in it. */
export class Spills implements AsyncDisposable {
  readonly clock: FakeClock = createFakeClock();
  readonly problems: SpillProblem[] = [];
  readonly #open: SpillFile[] = [];

  private constructor(readonly root: string) {}

  static async create(): Promise<Spills> {
    return new Spills(await mkdtemp(join(tmpdir(), "baldur-spill-")));
  }

  get folder(): string {
    return join(this.root, "spill");
  }

  spill(options: Partial<SpillFileOptions> = {}): SpillFile {
    const onProblem = (problem: SpillProblem) => void this.problems.push(problem);
    const made = new SpillFile({ folders: [this.folder], clock: this.clock, onProblem, ...options });
    this.#open.push(made);
    return made;
  }

  async put(name: string, content: string | Buffer): Promise<string> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const path = join(this.folder, name);
    await writeFile(path, content);
    return path;
  }

  list(folder: string = this.folder): string[] {
    return lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(folder).sort() : [];
  }

  content(name: string): string {
    return readFileSync(join(this.folder, name), "latin1");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#open) await one.close();
    await rm(this.root, { recursive: true, force: true });
  }
}

/** Absorbs into a list. */
export async function drain(
  spill: SpillFile,
  batchSize?: number,
): Promise<Absorbed & { records: string[]; batches: number[] }> {
  const [records, batches]: [string[], number[]] = [[], []];
  const absorbed = await spill.absorb(async (batch) => {
    records.push(...batch);
    batches.push(batch.length);
  }, batchSize);
  return { ...absorbed, records, batches };
}
