import diagnostics from "node:diagnostics_channel";
import type { Clock } from "../clock.js";
import { text } from "../describe.js";
import { ConfigurationError } from "../errors.js";
import { watched } from "../isolate.js";
import type { EventDefinition, TelemetryEvent } from "./event.js";
import { readerFailed, sinkFailed } from "./events.js";
import { labelled, MetricFamily } from "./family.js";
import { labelValue } from "./label.js";
import type { MetricDefinition, MetricKind, MetricReading, MetricSample } from "./metric.js";
import { labelOverflowTotal, sinkErrorsTotal } from "./metrics.js";

/** What a runtime tells about itself. @public */
export interface Telemetry {
  /** Every event, or those of one name. A listener that throws is isolated. */
  subscribe(listener: (event: TelemetryEvent) => void): Disposable;
  subscribe(name: string, listener: (event: TelemetryEvent) => void): Disposable;
  /** Every series as it is now. What could not be read is absent. */
  metrics(): MetricSample[];
}

/** Turns events into something else: lines, journal entries, messages. @public */
export interface Sink {
  readonly name: string;
  emit(event: TelemetryEvent, definition: EventDefinition<object>): void;
}

type Reader = () => Iterable<readonly [labels: readonly string[], value: number | undefined]>;

/** Channel of every event; each also has one of its own, `baldur:` and its name. */
const ALL_EVENTS = "baldur:event";
const SERIES_LIMIT = 1000;

/** The inside of `Telemetry`: components report here and never hear back. */
export class TelemetryHub implements Telemetry {
  readonly #sinks = new Set<Sink>();
  readonly #families = new Map<string, MetricFamily<MetricKind>>();
  readonly #readers = new Map<MetricDefinition<"gauge">, Reader>();
  readonly #failedSinks = new WeakSet<Sink>();
  readonly #failedReaders = new Set<string>();
  readonly #all = diagnostics.channel(ALL_EVENTS);

  constructor(
    private readonly clock: Clock,
    private readonly limits: { readonly maxSeries: number } = { maxSeries: SERIES_LIMIT },
  ) {}

  subscribe(...args: [listener: Listener] | [name: string, listener: Listener]): Disposable {
    const name = args.length === 1 ? undefined : args[0];
    const listener = args.length === 1 ? args[0] : args[1];
    if (typeof listener !== "function") throw new ConfigurationError("subscribe needs a listener function");
    return this.addSink({
      name: "listener",
      emit: (event) => {
        return name === undefined || event.name === name ? listener(event) : undefined;
      },
    });
  }

  addSink(sink: Sink): Disposable {
    this.#sinks.add(sink);
    return { [Symbol.dispose]: () => void this.#sinks.delete(sink) };
  }

  /** Tells everyone who listens. Never throws. */
  report<P extends object>(definition: EventDefinition<P>, payload: P, correlationId?: string): void {
    const own = diagnostics.hasSubscribers(`baldur:${definition.name}`);
    if (this.#sinks.size === 0 && !own && !this.#all.hasSubscribers) return;
    const event: TelemetryEvent = {
      name: definition.name,
      level: definition.level,
      at: new Date(this.clock.now()),
      payload: payload as Record<string, unknown>,
      ...(correlationId !== undefined && { correlationId }),
    };
    for (const sink of this.#sinks) this.#emit(sink, event, definition);
    this.#all.publish(event);
    if (own) diagnostics.channel(`baldur:${definition.name}`).publish(event);
  }

  counter(definition: MetricDefinition<"counter">): MetricFamily<"counter"> {
    return this.#family(definition);
  }

  gauge(definition: MetricDefinition<"gauge">): MetricFamily<"gauge"> {
    return this.#family(definition);
  }

  histogram(definition: MetricDefinition<"histogram">): MetricFamily<"histogram"> {
    return this.#family(definition);
  }

  /**
   * A gauge that is read when someone asks. A value of undefined, or a reader that throws, leaves its series out; below 0 it
   * is 0 unless the gauge is signed.
   */
  observeGauge(definition: MetricDefinition<"gauge">, read: Reader): Disposable {
    this.#readers.set(definition, read);
    return { [Symbol.dispose]: () => void this.#readers.delete(definition) };
  }

  metrics(): MetricSample[] {
    return this.readings().flatMap((reading) => [...reading.samples()]);
  }

  /** The same, metric by metric and series by series: for who cannot stop the event loop for as long as all of them take. */
  readings(): MetricReading[] {
    const limit = this.limits.maxSeries;
    const observed = [...this.#readers].map(([definition, read]) => {
      return { definition, limit, samples: () => this.#read(definition, read) };
    });
    return [...this.#families.values(), ...observed];
  }

  #family<K extends MetricKind>(definition: MetricDefinition<K>): MetricFamily<K> {
    const known = this.#families.get(definition.name);
    if (known === undefined) {
      const limit = this.limits.maxSeries * definition.room;
      const family = new MetricFamily(definition, limit, (metric) => this.#overflowed(metric));
      this.#families.set(definition.name, family as unknown as MetricFamily<MetricKind>);
      return family;
    }
    if (known.definition !== definition && !sameShape(known.definition, definition)) {
      throw new ConfigurationError(
        `metric ${definition.name} is declared twice, with different labels or buckets`,
      );
    }
    return known as unknown as MetricFamily<K>;
  }

  #overflowed(metric: string): void {
    if (metric !== labelOverflowTotal.name) this.counter(labelOverflowTotal).cell(metric).add();
  }

  #emit(sink: Sink, event: TelemetryEvent, definition: EventDefinition<object>): void {
    try {
      watched(sink.emit(event, definition), (error) => this.#sinkFailed(sink, error));
    } catch (error) {
      this.#sinkFailed(sink, error);
    }
  }

  /** Reported once for each: one that always throws would otherwise report itself for ever. */
  #sinkFailed(sink: Sink, error: unknown): void {
    this.counter(sinkErrorsTotal).cell(sink.name).add();
    if (this.#failedSinks.has(sink)) return;
    this.#failedSinks.add(sink);
    this.report(sinkFailed, { sink: sink.name, error: text(error) });
  }

  #read(definition: MetricDefinition<"gauge">, read: Reader): MetricSample[] {
    const { name, kind, help } = definition;
    try {
      const series = new Map<string, MetricSample>();
      for (const [values, found] of read()) {
        if (found === undefined || Number.isNaN(found)) continue;
        const value = definition.signed ? found : Math.max(0, found);
        const labels = definition.labels.map((_, index) => labelValue(values[index] ?? ""));
        const key = labels.join();
        // Names that are written alike share a series, and the worse of them shows.
        if (value <= (series.get(key)?.value ?? Number.NEGATIVE_INFINITY)) continue;
        if (series.size >= this.limits.maxSeries && !series.has(key)) {
          this.#overflowed(name);
          continue;
        }
        const own = labelled(definition, labels);
        series.set(key, { name, type: kind, help, labels: own, value });
      }
      return [...series.values()];
    } catch (error) {
      if (!this.#failedReaders.has(name)) {
        this.#failedReaders.add(name);
        this.report(readerFailed, { metric: name, error: text(error) });
      }
      return [];
    }
  }
}

type Listener = (event: TelemetryEvent) => void;

function sameShape(a: MetricDefinition, b: MetricDefinition): boolean {
  return a.kind === b.kind && a.labels.join() === b.labels.join() && a.buckets.join() === b.buckets.join();
}
