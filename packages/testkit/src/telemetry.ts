import type { Baldur, MetricSample, TelemetryEvent } from "@baldur/core";

/** Everything that a runtime told since the recording began. @public */
export interface RecordedTelemetry extends Disposable {
  readonly events: readonly TelemetryEvent[];
  /** Events by that name, in order. */
  named(name: string): TelemetryEvent[];
  /** Value of the series of a counter or gauge whose labels include these; undefined where there is none. */
  value(metric: string, labels?: Readonly<Record<string, string>>): number | undefined;
  /** Every series of a metric. */
  series(metric: string): MetricSample[];
  clear(): void;
}

/** Records what a runtime tells, until it is disposed of. @public */
export function recordTelemetry(baldur: Pick<Baldur, "telemetry">): RecordedTelemetry {
  const events: TelemetryEvent[] = [];
  const subscription = baldur.telemetry.subscribe((event) => events.push(event));
  const series = (metric: string): MetricSample[] =>
    baldur.telemetry.metrics().filter(({ name }) => name === metric);
  return {
    events,
    named: (name) => events.filter((event) => event.name === name),
    series,
    value: (metric, labels = {}) => {
      const wanted = Object.entries(labels);
      return series(metric).find((sample) => wanted.every(([label, value]) => sample.labels[label] === value))
        ?.value;
    },
    clear: () => events.splice(0),
    [Symbol.dispose]: () => subscription[Symbol.dispose](),
  };
}
