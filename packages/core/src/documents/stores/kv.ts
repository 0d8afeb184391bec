import { type Clock, unref } from "../../clock.js";
import { text } from "../../describe.js";
import type { KeyValueStore } from "../../kv/kv.js";
import type { TelemetryHub } from "../../telemetry/telemetry.js";
import type { CompareAndSetResult, DocumentStore, VersionedDocument } from "../documents.js";
import { documentQuarantined, watcherFailed } from "../events.js";
import { parse } from "./parse.js";

const PREFIX = "document:";

type Listener = (document: VersionedDocument | undefined) => void;

export interface KvDocumentStoreOptions {
  /** Asked for with every use: it may be opened later. What it throws is the caller's answer. */
  readonly store: () => KeyValueStore;
  readonly clock: Clock;
  readonly telemetry: TelemetryHub;
  /** Milliseconds between looks at a watched document. */
  readonly pollInterval: number;
}

/** Documents in an ordered map, and so of all processes that share it. */
export class KvDocumentStore implements DocumentStore {
  readonly #watches = new Set<Watch>();

  constructor(private readonly options: KvDocumentStoreOptions) {}

  async read(key: string): Promise<VersionedDocument | undefined> {
    const found = this.#text(key);
    if (found === undefined) return undefined;
    const document = parse(found);
    if (document === undefined) await this.#quarantine(key);
    return document;
  }

  async compareAndSet(key: string, expectedVersion: number, value: object): Promise<CompareAndSetResult> {
    const name = nameOf(key);
    await this.read(key); // puts aside what cannot be understood
    return this.options.store().write((writer) => {
      const current = parse(writer.get(name) ?? "");
      if ((current?.version ?? 0) !== expectedVersion)
        return current === undefined ? { ok: false } : { ok: false, current };
      const version = expectedVersion + 1;
      writer.put(name, JSON.stringify({ version, value, updatedAt: this.options.clock.now() }));
      return { ok: true, version };
    });
  }

  watch(key: string, listener: Listener): Disposable {
    const watch = new Watch(this.options, () => this.#text(key), listener);
    this.#watches.add(watch);
    return {
      [Symbol.dispose]: () => {
        watch.stop();
        this.#watches.delete(watch);
      },
    };
  }

  /** The map is not its own, and stays open. */
  async close(): Promise<void> {
    for (const watch of this.#watches) watch.stop();
    this.#watches.clear();
  }

  #text(key: string): string | undefined {
    return this.options.store().read((reader) => reader.get(nameOf(key)));
  }

  /** One of those who see it puts it aside, and tells. */
  async #quarantine(key: string): Promise<void> {
    const store = this.options.store();
    const file = nameOf(key);
    const keptAs = `${file}.corrupt-${this.options.clock.now()}`;
    const moved = await store.write((writer) => {
      const found = writer.get(file);
      if (found === undefined || parse(found) !== undefined) return false;
      writer.put(keptAs, found);
      writer.delete(file);
      return true;
    });
    if (moved) this.options.telemetry.report(documentQuarantined, { file, kept_as: keptAs });
  }
}

/** Looks at a document again and again, without keeping the process alive, and tells when it changed. */
class Watch {
  #timer: unknown;
  #seen: string | undefined;
  #stopped = false;

  constructor(
    private readonly options: KvDocumentStoreOptions,
    private readonly look: () => string | undefined,
    private readonly listener: Listener,
  ) {
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.options.clock.clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = this.options.clock.setTimeout(() => this.#tick(), this.options.pollInterval);
    unref(this.#timer);
  }

  #tick(): void {
    const found = this.#found();
    if (found !== undefined && found.text !== this.#seen) {
      this.#seen = found.text;
      this.#tell(found.text);
    }
    this.#schedule();
  }

  /** Undefined while it cannot be read: what changes meanwhile is told next time. */
  #found(): { readonly text: string | undefined } | undefined {
    try {
      return { text: this.look() };
    } catch {
      return undefined;
    }
  }

  #tell(found: string | undefined): void {
    try {
      this.listener(parse(found ?? ""));
    } catch (error) {
      this.options.telemetry.report(watcherFailed, { error: text(error) });
    }
  }
}

function nameOf(key: string): string {
  return `${PREFIX}${key}`;
}
