import { defineEvent, type EventDefinition, type EventOptions } from "@baldur/core/plugin";

function event<P extends object>(name: string, options: EventOptions): EventDefinition<P> {
  return defineEvent<P>()(name, options);
}

/** A metric, and the label that makes its series many. */
interface Crowded {
  metric: string;
  series: number;
  limit: number;
  label: string | undefined;
  values: number | undefined;
  newest: readonly string[];
}

export const cardinalityHigh: EventDefinition<Crowded> = event("prometheus.cardinality_high", {
  level: "warning",
  journal: true,
  help: "a metric has four fifths of the series that it may have; the label with most values, and the newest of them, say why",
});

export const nameTaken: EventDefinition<{ metric: string }> = event("prometheus.name_taken", {
  level: "warning",
  help: "the host's registry has a metric of this name that is not Baldur's, which stays; reported once for each",
});

export const sourceFailed: EventDefinition<{ metric: string; error: string }> = event(
  "prometheus.source_failed",
  {
    level: "warning",
    help: "a metric of the host could not be read, so it is absent; reported once for each",
  },
);

export const workerSilent: EventDefinition<{ worker: number }> = event("prometheus.worker_silent", {
  level: "warning",
  help: "a worker did not answer in time: its gauges are absent, and its counts are those of before; reported once until it answers",
});

export const primarySilent: EventDefinition<{ worker: number }> = event("prometheus.primary_silent", {
  level: "warning",
  help: "the primary process did not put a page together in time, so the page is this worker's own; reported once until it does",
});
