import { mkdtemp, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFakeClock, type FakeClock } from "@baldur/testkit";
import type { Clock } from "../../src/clock.js";
import { FileDocumentStore, type FileDocumentStoreOptions } from "../../src/documents/stores/file.js";
import type { TelemetryEvent } from "../../src/telemetry/event.js";
import { TelemetryHub } from "../../src/telemetry/telemetry.js";

export const POLL_INTERVAL = 500;
/** No process has it: Linux gives none above 2^22. */
export const DEAD_PID = 2 ** 22 + 1;

/** Waits of a writer for the lock of another end with the turn: time stands still while real files are written. */
export function patient(clock: FakeClock): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    setTimeout: (callback, delay) =>
      delay < 50 ? setImmediate(callback) : clock.setTimeout(callback, delay),
    clearTimeout: (handle) => clock.clearTimeout(handle),
  };
}

export class Files implements AsyncDisposable {
  readonly clock: FakeClock = createFakeClock();
  readonly events: TelemetryEvent[] = [];
  readonly #telemetry = new TelemetryHub(this.clock);
  readonly #stores: FileDocumentStore[] = [];

  private constructor(
    readonly root: string,
    readonly folder: string,
  ) {
    this.#telemetry.subscribe((event) => this.events.push(event));
  }

  static async create(): Promise<Files> {
    const root = await mkdtemp(join(tmpdir(), "baldur-documents-"));
    return new Files(root, join(root, "state", "control"));
  }

  store({ folder = () => this.folder, clock = patient(this.clock) }: Partial<FileDocumentStoreOptions> = {}) {
    const options = { folder, clock, telemetry: this.#telemetry, pollInterval: POLL_INTERVAL };
    const store = new FileDocumentStore(options);
    this.#stores.push(store);
    return store;
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  async link(name: string): Promise<string> {
    const path = join(this.root, name);
    await symlink(this.root, path);
    return path;
  }

  /** Lets watchers look a few times. Their reads are real, so as many are awaited after theirs as they make at most. */
  async looks(): Promise<void> {
    for (let round = 0; round < 3; round++) {
      await this.clock.advance(POLL_INTERVAL);
      for (let reads = 0; reads < 40; reads++) await stat(this.root);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const store of this.#stores) await store.close();
    await rm(this.root, { recursive: true, force: true });
  }
}
