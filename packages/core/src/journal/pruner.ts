import type { Clock } from "../clock.js";
import { text } from "../describe.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { pruneFailed } from "./events.js";
import type { JournalSettings } from "./settings.js";
import type { JournalStore } from "./store.js";

const HOUR = 3_600_000;

export interface PrunerParts {
  readonly clock: Clock;
  readonly telemetry: Pick<TelemetryHub, "report">;
  readonly settings: Readonly<Pick<JournalSettings, "maxEntries" | "retention">>;
}

/**
 * Lets go what is too old and too much, when entries come and an hour has passed: a journal that nothing is added to needs no
 * timer. Where entries flood in, also when as many came as may stay.
 */
export class JournalPruner {
  #due = Number.NEGATIVE_INFINITY;
  #appended = 0;

  constructor(private readonly parts: PrunerParts) {}

  /** Never throws, and nobody waits for it. */
  appended(store: JournalStore, count: number): void {
    const { clock, settings } = this.parts;
    const now = clock.monotonic();
    this.#appended += count;
    const isFlooded = this.#appended >= settings.maxEntries;
    if (now < this.#due && !isFlooded) return;
    this.#due = now + HOUR;
    this.#appended = 0;
    void this.#prune(store, isFlooded ? 0 : HOUR);
  }

  async #prune(store: JournalStore, interval: number): Promise<void> {
    const { clock, telemetry, settings } = this.parts;
    const before = new Date(clock.now() - settings.retention);
    try {
      await store.prune({ keep: settings.maxEntries, before, interval });
    } catch (error) {
      telemetry.report(pruneFailed, { error: text(error) });
    }
  }
}
