import type { Clock } from "../clock.js";
import type { PluginTelemetry } from "../plugins/plugin.js";
import { endpointLabel, isWithin, UNMATCHED_ROUTE } from "./endpoint-label.js";
import { type Endpoint, EndpointTable } from "./endpoints.js";
import { ErrorTypes } from "./error-type.js";
import { type HttpFamilies, MethodSeries } from "./method-series.js";
import { requestDuration, requestErrorsTotal, requestsTotal } from "./metrics.js";

/** Whatever else a client writes there is one method. */
const METHODS: readonly string[] = [
  ...["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"],
  "OTHER",
];
const OTHER_METHOD = METHODS.length - 1;
const SECONDS = 1 / 1000;

/** How a request ended. */
export interface HttpOutcome {
  readonly template: string | undefined;
  readonly status: number;
  readonly error: unknown;
}

export interface HttpRecorderOptions {
  readonly clock: Pick<Clock, "monotonic">;
  readonly maxEndpoints: number;
  readonly excluded: readonly string[];
}

/** Finds the series of a request by two look-ups: the template, and the place of the method. */
export class HttpRecorder {
  readonly #families: HttpFamilies;
  readonly #endpoints: EndpointTable;
  readonly #errorTypes = new ErrorTypes();

  constructor(
    telemetry: Pick<PluginTelemetry, "counter" | "histogram">,
    private readonly options: HttpRecorderOptions,
  ) {
    this.#families = {
      requests: telemetry.counter(requestsTotal),
      durations: telemetry.histogram(requestDuration),
      errors: telemetry.counter(requestErrorsTotal),
    };
    this.#endpoints = new EndpointTable(options.maxEndpoints);
  }

  now(): number {
    return this.options.clock.monotonic();
  }

  record(method: string, began: number, { template = UNMATCHED_ROUTE, status, error }: HttpOutcome): void {
    const now = this.now();
    const endpoint = this.#endpoints.find(template, now) ?? this.#enter(template, now);
    if (endpoint === undefined) return;
    const series = this.#series(endpoint, method);
    series.answered(status, (now - began) * SECONDS);
    if (isFailure(status, error)) series.failed(this.#errorTypes.of(error, status));
  }

  /** A template that has no place yet; undefined for what is not counted. */
  #enter(template: string, now: number): Endpoint | undefined {
    if (isWithin(template, this.options.excluded)) return undefined;
    return this.#endpoints.enter(endpointLabel(template), now);
  }

  #series(endpoint: Endpoint, method: string): MethodSeries {
    const found = METHODS.indexOf(method);
    const index = found < 0 ? OTHER_METHOD : found;
    const known = endpoint.methods[index];
    if (known !== undefined) return known;
    const series = new MethodSeries(this.#families, METHODS[index] as string, endpoint.label);
    endpoint.methods[index] = series;
    return series;
  }
}

/** A client's own mistake, 4xx, is no failure of the service, even where it is told by throwing. */
function isFailure(status: number, error: unknown): boolean {
  return status >= 500 || (error !== undefined && status < 400);
}
