import { defineCounter, type MetricDefinition } from "../../telemetry/metric.js";

const alone = (what: string, decision: string): MetricDefinition<"counter"> =>
  defineCounter(`baldur_circuit_breaker_${what}_degraded_mode_total`, {
    help: `${decision} that a process decided by itself because the shared store did not answer`,
    labels: ["service"],
  });

export const halfOpenDegradedTotal: MetricDefinition<"counter"> = alone("half_open", "admissions of probes");
export const closeCheckDegradedTotal: MetricDefinition<"counter"> = alone(
  "close_check",
  "successes of probes",
);
export const openCheckDegradedTotal: MetricDefinition<"counter"> = alone("open_check", "failures of probes");
export const tripDegradedTotal: MetricDefinition<"counter"> = alone("trip", "trips");

export const peerPropagationTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_circuit_breaker_peer_propagation_total",
  {
    help: "transitions heard of other processes: applied, kept (an own decision stands), or ignored (older)",
    labels: ["service", "to_state", "outcome"],
  },
);

export const convergenceTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_circuit_breaker_reject_path_convergence_total",
  {
    help: "circuits found closed in the shared store when a probe was asked for",
    labels: ["service"],
  },
);
