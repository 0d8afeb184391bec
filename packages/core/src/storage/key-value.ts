import { text } from "../describe.js";
import { ConfigurationError } from "../errors.js";
import type { KeyValueStore } from "../kv/kv.js";
import { MemoryKeyValueStore } from "../kv/stores/memory.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { embeddedFailed } from "./events.js";

const LOST = "the embedded store takes nothing any more: its file is not where it was opened";

/** Makes or opens a key-value store; the type of what a provider of the kind "embedded" answers. */
type Open = () => unknown;

/** The ordered map of a runtime: the one that a plugin provides, else one in memory. */
export class KeyValueTier {
  #problem: string | undefined;
  #store: KeyValueStore | undefined;
  /** What was provided could keep things when it was opened. */
  #wasDurable = false;
  #opened = false;

  constructor(private readonly telemetry: TelemetryHub) {}

  /** Why the one that a plugin provides is not in use, or takes nothing any more. */
  get problem(): string | undefined {
    const isLost = this.#wasDurable && this.#store?.durable === false;
    return this.#problem ?? (isLost ? LOST : undefined);
  }

  /** Throws `ConfigurationError` before it was decided which one it is. */
  get store(): KeyValueStore {
    if (!this.#opened)
      throw new ConfigurationError("the key-value store is there once start() has let the plugins register");
    this.#store ??= new MemoryKeyValueStore();
    return this.#store;
  }

  /** What state is kept in. */
  get name(): "memory" | "embedded" {
    return this.#store?.durable ? "embedded" : "memory";
  }

  /** Never rejects: who must not go on without it asks for the problem. */
  async open(provider: Open | undefined): Promise<void> {
    this.#opened = true;
    if (provider === undefined || this.#store !== undefined) return;
    try {
      this.#store = (await provider()) as KeyValueStore;
      this.#wasDurable = this.#store.durable;
    } catch (error) {
      this.#problem = text(error);
      this.telemetry.report(embeddedFailed, { error: this.#problem });
    }
  }

  async close(): Promise<void> {
    await this.#store?.close();
  }
}
