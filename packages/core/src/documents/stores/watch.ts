import { type Clock, unref } from "../../clock.js";
import { text } from "../../describe.js";
import type { TelemetryHub } from "../../telemetry/telemetry.js";
import type { VersionedDocument } from "../documents.js";
import { watcherFailed } from "../events.js";

/** A document, and the text that tells it from what it was before; neither where there is none. */
export interface Found {
  readonly text?: string;
  readonly document?: VersionedDocument;
}

export interface WatchParts {
  readonly clock: Clock;
  readonly telemetry: Pick<TelemetryHub, "report">;
  /** Milliseconds between looks, for messages that were lost. */
  readonly pollInterval: number;
  /** Calls back whenever the document may have changed. */
  readonly subscribe: (look: () => void) => Disposable;
  readonly isReadable: () => boolean;
  readonly find: () => Promise<Found>;
  readonly listener: (document: VersionedDocument | undefined) => void;
}

/** Looks when it is told to and, without keeping the process alive, from time to time; tells when something changed. */
export class Watch {
  readonly #subscription: Disposable;
  #timer: unknown;
  #seen: string | undefined;
  #stopped = false;
  #looking = false;
  #again = false;

  constructor(private readonly parts: WatchParts) {
    this.#subscription = parts.subscribe(() => this.#look());
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.parts.clock.clearTimeout(this.#timer);
    this.#subscription[Symbol.dispose]();
  }

  #schedule(): void {
    this.#timer = this.parts.clock.setTimeout(() => {
      this.#look();
      this.#schedule();
    }, this.parts.pollInterval);
    unref(this.#timer);
  }

  /** One look at a time: what comes meanwhile is looked for once more. */
  #look(): void {
    this.#again = this.#looking;
    if (this.#looking || !this.parts.isReadable()) return;
    this.#looking = true;
    const looked = (found?: Found): void => {
      this.#looking = false;
      if (this.#stopped) return;
      if (found !== undefined) this.#tell(found);
      if (this.#again) this.#look();
    };
    // Unreadable now: what changes meanwhile is told next time.
    this.parts.find().then(looked, () => looked());
  }

  #tell(found: Found): void {
    if (found.text === this.#seen) return;
    this.#seen = found.text;
    try {
      this.parts.listener(found.document);
    } catch (error) {
      this.parts.telemetry.report(watcherFailed, { error: text(error) });
    }
  }
}
