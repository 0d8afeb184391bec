import * as events from "./events.js";
import type { FleetParts } from "./parts.js";

const FAILURES = 3;
const ADAPTER = "circuit_breaker";

/** Whether the shared store is to be asked. After failures in a row it is left alone until it answered once again. */
export class StoreHealth {
  #failures = 0;
  #quarantined = false;

  constructor(
    private readonly parts: Pick<FleetParts, "store" | "telemetry">,
    /** Told when what is decided here may come to differ from what others decide, and when that is over. */
    private readonly onAway: () => void,
    private readonly onRecovered: () => void,
  ) {}

  get usable(): boolean {
    return !this.#quarantined && this.parts.store.available;
  }

  answered(): void {
    this.#failures = 0;
    if (this.#quarantined) this.#recover();
  }

  /** The store itself says whether it can be reached. */
  reachable(isReachable: boolean): void {
    if (!isReachable) return this.onAway();
    this.#failures = 0;
    if (this.#quarantined) this.#recover();
    else this.onRecovered();
  }

  failed(): void {
    this.#failures++;
    if (this.#quarantined || this.#failures < FAILURES) return;
    this.#quarantined = true;
    this.onAway();
    const payload = { adapter_type: ADAPTER, consecutive_failures: this.#failures };
    this.parts.telemetry.report(events.quarantined, payload);
  }

  #recover(): void {
    this.#quarantined = false;
    this.parts.telemetry.report(events.recovered, { adapter_type: ADAPTER });
    this.onRecovered();
  }
}
