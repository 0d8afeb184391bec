import type { Clock } from "../../clock.js";
import type { RedisClient } from "../../redis/redis.js";
import { pastWrongTypes } from "../../redis/wrong-type.js";
import type { TelemetryHub } from "../../telemetry/telemetry.js";
import type { CompareAndSetResult, DocumentStore, VersionedDocument } from "../documents.js";
import { documentQuarantined } from "../events.js";
import { parse } from "./parse.js";
import { putAside, swap } from "./scripts.generated.js";
import { type Found, Watch } from "./watch.js";

type Listener = (document: VersionedDocument | undefined) => void;

export interface RedisDocumentStoreOptions {
  readonly client: RedisClient;
  readonly clock: Clock;
  readonly telemetry: Pick<TelemetryHub, "report">;
  /** Milliseconds between looks at a watched document, for messages that were lost. */
  readonly pollInterval: number;
}

/**
 * Documents of all processes that share a Redis. A change is published with the write, so that others see it at once; while
 * Redis is away nothing can be read or written, and who watches keeps what was seen last.
 */
export class RedisDocumentStore implements DocumentStore {
  readonly #watches = new Set<Watch>();

  constructor(private readonly options: RedisDocumentStoreOptions) {}

  async read(key: string): Promise<VersionedDocument | undefined> {
    return (await this.#find(key)).document;
  }

  async compareAndSet(key: string, expectedVersion: number, value: object): Promise<CompareAndSetResult> {
    const { client, clock } = this.options;
    const version = expectedVersion + 1;
    const written = JSON.stringify({ version, value, updatedAt: clock.now() });
    let expected = expectedVersion === 0 ? "" : `{"version":${expectedVersion},`;
    for (;;) {
      const reply = await this.#ask(key, (name) =>
        client.run(swap, [name], [expected, written, this.#channel(key)]),
      );
      if (reply === null) return { ok: true, version };
      const [present] = reply as readonly [string | null];
      if (present === null) return { ok: false };
      const current = parse(present);
      if (current === undefined) await this.#putAside(key, present);
      else if (current.version !== expectedVersion) return { ok: false, current };
      else expected = present; // written by other hands, which order the parts of a document otherwise
    }
  }

  watch(key: string, listener: Listener): Disposable {
    const { client } = this.options;
    const watch = new Watch({
      ...this.options,
      subscribe: (look) => client.subscribe(this.#channel(key), look, look),
      isReadable: () => client.available,
      find: () => this.#find(key),
      listener,
    });
    this.#watches.add(watch);
    return {
      [Symbol.dispose]: () => {
        watch.stop();
        this.#watches.delete(watch);
      },
    };
  }

  /** The client is not its own, and stays open. */
  async close(): Promise<void> {
    for (const watch of this.#watches) watch.stop();
    this.#watches.clear();
  }

  async #find(key: string): Promise<Found> {
    const found = await this.#ask(key, (name) => this.options.client.command("GET", name));
    if (found === null) return {};
    const text = String(found);
    const document = parse(text);
    if (document !== undefined) return { text, document };
    await this.#putAside(key, text);
    return {};
  }

  #ask<T>(key: string, ask: (name: string) => Promise<T>): Promise<T> {
    const name = this.#name(key);
    return pastWrongTypes(this.options, [[name, "string"]], () => ask(name));
  }

  /** One of those who see it puts it aside, and tells. */
  async #putAside(key: string, found: string): Promise<void> {
    const { client, clock, telemetry } = this.options;
    const file = this.#name(key);
    const keptAs = `${file}:corrupt-${clock.now()}`;
    const moved = await client.run(putAside, [file, keptAs], [found]);
    if (moved === 1) telemetry.report(documentQuarantined, { file, kept_as: keptAs });
  }

  /** The tag keeps what is put aside in the place of the document, in a cluster. */
  #name(key: string): string {
    return `${this.options.client.prefix}document:{${key}}`;
  }

  #channel(key: string): string {
    return `${this.options.client.prefix}documents:${key}`;
  }
}
