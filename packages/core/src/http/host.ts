import type { CircuitBreaker } from "../circuit-breaker/types.js";
import type { HotClock } from "../clock.js";
import type { Health } from "../health/health.js";
import type { IdempotencyGate } from "../idempotency/gate.js";
import type { Lifecycle } from "../lifecycle/lifecycle.js";
import type { CircuitBreakerOptions } from "../pipeline/options.js";
import type { RateLimitStore } from "../rate-limit/store.js";
import type { SettingsCatalog } from "../settings/catalog.js";
import type { SlotTable } from "../slots/slot.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";

/** The inside of a runtime, as far as requests are concerned. */
export interface HttpHost {
  readonly lifecycle: Lifecycle;
  readonly health: Health;
  readonly settings: SettingsCatalog;
  readonly slots: SlotTable;
  readonly telemetry: TelemetryHub;
  readonly idempotency: IdempotencyGate;
  readonly rateLimiting: {
    readonly clock: HotClock;
    /** 0 active, 1 dry run, 2 disabled. */
    readonly control: { readonly mode: number };
    readonly store?: RateLimitStore | undefined;
  };
  circuit(name: string, options?: CircuitBreakerOptions): CircuitBreaker;
}
