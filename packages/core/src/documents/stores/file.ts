import { type Clock, unref } from "../../clock.js";
import type { TelemetryHub } from "../../telemetry/telemetry.js";
import type { CompareAndSetResult, DocumentStore, VersionedDocument } from "../documents.js";
import { documentQuarantined } from "../events.js";
import { FileLock } from "./file-lock.js";
import { Folder } from "./folder.js";
import { parse } from "./parse.js";

const CORRUPT: unique symbol = Symbol("corrupt");

type Listener = (document: VersionedDocument | undefined) => void;

export interface FileDocumentStoreOptions {
  /** Asked for when it is first used. */
  readonly folder: () => string;
  readonly clock: Clock;
  readonly telemetry: TelemetryHub;
  /** Milliseconds between looks at a watched document. */
  readonly pollInterval: number;
}

/**
 * Documents in a folder that the processes of one host share. Nothing is made before the first change; a change is a
 * rename, so a crash leaves the old document or the new one; a writer that died half-way is cleaned up by the next.
 */
export class FileDocumentStore implements DocumentStore {
  #opened: Folder | undefined;
  readonly #watches = new Set<Watch>();

  constructor(private readonly options: FileDocumentStoreOptions) {}

  async read(key: string): Promise<VersionedDocument | undefined> {
    const found = await this.#find(key);
    return found === CORRUPT ? this.#lock(key).hold(() => this.#current(key)) : found;
  }

  async compareAndSet(key: string, expectedVersion: number, value: object): Promise<CompareAndSetResult> {
    return this.#lock(key).hold(async () => {
      await this.#recover(key);
      const current = await this.#current(key);
      if ((current?.version ?? 0) !== expectedVersion)
        return current === undefined ? { ok: false } : { ok: false, current };
      const version = expectedVersion + 1;
      const document = { version, value, updatedAt: this.options.clock.now() };
      await this.#folder.replace(fileOf(key), JSON.stringify(document));
      return { ok: true, version };
    });
  }

  watch(key: string, listener: Listener): Disposable {
    const look = async (): Promise<string> => this.#folder.stamp(fileOf(key));
    const watch = new Watch(this.options, look, async (isStopped) => {
      const document = await this.read(key);
      if (!isStopped()) listener(document);
    });
    this.#watches.add(watch);
    return {
      [Symbol.dispose]: () => {
        watch.stop();
        this.#watches.delete(watch);
      },
    };
  }

  async close(): Promise<void> {
    for (const watch of this.#watches) watch.stop();
    this.#watches.clear();
  }

  get #folder(): Folder {
    this.#opened ??= new Folder(this.options.folder());
    return this.#opened;
  }

  /** Under the lock no writer is alive, so a temporary file is what a dead one left: promoted if whole, else removed. */
  async #recover(key: string): Promise<void> {
    const file = fileOf(key);
    const orphans = (await this.#folder.list()).filter((name) => name.startsWith(`${file}.tmp-`));
    for (const orphan of orphans) {
      const left = parse((await this.#folder.read(orphan)) ?? "");
      const current = await this.#current(key);
      if (left !== undefined && left.version === (current?.version ?? 0) + 1)
        await this.#folder.rename(orphan, file);
      else await this.#folder.remove(orphan);
    }
  }

  #lock(key: string): FileLock {
    return new FileLock(this.#folder, `${key}.lock`, this.options.clock);
  }

  async #find(key: string): Promise<VersionedDocument | typeof CORRUPT | undefined> {
    const text = await this.#folder.read(fileOf(key));
    return text === undefined ? undefined : (parse(text) ?? CORRUPT);
  }

  /** Under the lock: what cannot be understood is put aside, for nobody can be replacing it. */
  async #current(key: string): Promise<VersionedDocument | undefined> {
    const found = await this.#find(key);
    return found === CORRUPT ? this.#quarantine(key) : found;
  }

  async #quarantine(key: string): Promise<undefined> {
    const file = fileOf(key);
    const keptAs = `${file}.corrupt-${this.options.clock.now()}`;
    if (await this.#folder.rename(file, keptAs)) {
      this.options.telemetry.report(documentQuarantined, { file: this.#folder.file(file), kept_as: keptAs });
    }
    return undefined;
  }
}

/** Looks at a file again and again, without keeping the process alive, and tells when it changed. */
class Watch {
  #timer: unknown;
  #stamp: string | undefined;
  #stopped = false;

  constructor(
    private readonly options: FileDocumentStoreOptions,
    private readonly look: () => Promise<string>,
    private readonly changed: (isStopped: () => boolean) => Promise<void>,
  ) {
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.options.clock.clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = this.options.clock.setTimeout(() => void this.#tick(), this.options.pollInterval);
    unref(this.#timer);
  }

  async #tick(): Promise<void> {
    // Unreadable now: the stamp stays as it was, so that what changes meanwhile is told next time.
    await this.#compare().catch(() => undefined);
    this.#schedule();
  }

  async #compare(): Promise<void> {
    const stamp = await this.look();
    const first = this.#stamp === undefined;
    if (stamp !== this.#stamp && !(first && stamp === "absent")) await this.changed(() => this.#stopped);
    this.#stamp = stamp;
  }
}

function fileOf(key: string): string {
  return `${key}.json`;
}
