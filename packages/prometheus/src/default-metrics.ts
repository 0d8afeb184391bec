import type { HostRegistry } from "./host-registry.js";

/** One of the metrics that prom-client has by default: where it is, they all are. */
const KNOWN = "process_cpu_user_seconds_total";

/** The registry given, or a new one, with the metrics of the process in it. */
export async function defaultRegistry(given: HostRegistry | undefined): Promise<HostRegistry> {
  const { collectDefaultMetrics, Registry } = await import("prom-client");
  const registry = given ?? new Registry();
  if (registry.getSingleMetric(KNOWN) === undefined) collectDefaultMetrics({ register: registry as never });
  return registry;
}
