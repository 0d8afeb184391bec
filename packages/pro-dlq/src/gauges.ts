import type { PluginTelemetry } from "@baldur/core/plugin";
import type { Outbox } from "./capture/outbox.js";
import { byStatus, openIn, pendingByDomain } from "./counting.js";
import { armedGauge, itemsByStatus, outboxSize, pendingCount, sizeRatio } from "./metrics.js";
import { type ArmingParts, armingOf } from "./replay/arming.js";
import type { DlqStore, GroupCount } from "./store/store.js";

export interface GaugeParts {
  readonly store: DlqStore;
  readonly outbox: Outbox;
  readonly arming: ArmingParts;
  readonly telemetry: PluginTelemetry;
  readonly maxSize: number;
}

type Series = [labels: string[], value: number][];

/** What is counted in the store, as it was when it was last read: a scrape must not wait for a store. */
export class Gauges {
  #groups: readonly GroupCount[] | undefined;
  #armed: boolean | null = null;

  constructor(private readonly parts: GaugeParts) {
    const { telemetry, maxSize, outbox } = parts;
    telemetry.observeGauge(pendingCount, () => this.#series(pendingByDomain));
    telemetry.observeGauge(itemsByStatus, () => this.#series(byStatus));
    telemetry.observeGauge(sizeRatio, () =>
      this.#groups === undefined ? [] : [[[], openIn(this.#groups) / maxSize]],
    );
    telemetry.observeGauge(armedGauge, () => (this.#armed === null ? [] : [[[], Number(this.#armed)]]));
    telemetry.observeGauge(outboxSize, () => [[[], outbox.stats.size]]);
  }

  /** Rejects when the store cannot be read; the gauges are then absent, not zero. */
  async refresh(): Promise<void> {
    const { store, arming } = this.parts;
    try {
      this.#groups = await store.counts();
      this.#armed = (await armingOf(arming)).armed;
    } catch (error) {
      this.#groups = undefined;
      this.#armed = null;
      throw error;
    }
  }

  #series(count: (groups: readonly GroupCount[]) => Record<string, number>): Series {
    if (this.#groups === undefined) return [];
    return Object.entries(count(this.#groups)).map(([label, value]) => [[label], value]);
  }
}
