import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock, KeyValueStore } from "@baldur/core/plugin";
import { openStore } from "../src/open.js";

export const EVERYTHING = { from: "", to: "\x7f" };

/** Large counts in a soak. */
export const runs = (usual: number): number => (process.env["BALDUR_SOAK"] === "1" ? usual * 50 : usual);

const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (callback, delay) => setTimeout(callback, delay),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
};

export interface Reported {
  readonly event: string;
  readonly [fact: string]: unknown;
}

/** A folder of its own for the stores of a test. */
export class Folder implements AsyncDisposable {
  readonly events: Reported[] = [];
  readonly #stores: KeyValueStore[] = [];

  private constructor(
    readonly root: string,
    readonly clock: Clock,
  ) {}

  static async create(clock: Clock = systemClock): Promise<Folder> {
    return new Folder(await mkdtemp(join(tmpdir(), "baldur-embedded-")), clock);
  }

  get path(): string {
    return join(this.root, "state");
  }

  file(name = "state.lmdb"): string {
    return join(this.path, name);
  }

  async open(folder: string = this.path): Promise<KeyValueStore> {
    const report = ({ name }: { name: string }, facts: object = {}) =>
      void this.events.push({ event: name, ...facts });
    const store = await openStore({ folder, clock: this.clock, telemetry: { report } as never });
    this.#stores.push(store);
    return store;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const store of this.#stores) await store.close();
    await rm(this.root, { recursive: true, force: true });
  }
}

/** The error of a promise that must reject. */
export async function errorOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("it did not reject");
}
