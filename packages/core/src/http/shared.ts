import { metricsSettings } from "../telemetry/settings.js";
import type { HttpHost } from "./host.js";
import { HttpMetrics } from "./http-metrics.js";

/** What the adapters of one runtime have in common, whichever copy of this package each of them has. */
export interface Shared {
  /** Undefined where nothing is measured. */
  readonly metrics: HttpMetrics | undefined;
  /** How many were made, so that each has a name of its own. */
  made: number;
  /** How many serve. */
  serving: number;
}

const KEY: unique symbol = Symbol.for("@baldur/core.http");

/** The same for every adapter of a runtime. */
export function sharedOf(host: HttpHost & { [KEY]?: Shared }): Shared {
  host[KEY] ??= { metrics: createMetrics(host), made: 0, serving: 0 };
  return host[KEY];
}

function createMetrics({ settings, telemetry, rateLimiting }: HttpHost): HttpMetrics | undefined {
  const values = settings.of(metricsSettings);
  return values.enabled ? new HttpMetrics(telemetry, values, rateLimiting) : undefined;
}
