import type { Declarations, Plugin } from "@baldur/core/plugin";
import * as events from "./events.js";
import * as metrics from "./metrics.js";
import { prometheus } from "./plugin.js";
import { prometheusSettings } from "./settings.js";

export { aggregateWorkers } from "./cluster/group.js";
export type { HostRegistry } from "./host-registry.js";
export { type PrometheusOptions, prometheus } from "./plugin.js";
export type { PrometheusSettings } from "./settings.js";

/** For discovery. @public */
export const plugin = (): Plugin => prometheus();

/** Everything that the package declares. @public */
export function declarations(): Declarations {
  return {
    errors: [],
    settings: [prometheusSettings],
    events: Object.values(events),
    metrics: Object.values(metrics),
  };
}
