import { createFakeClock } from "@baldur/testkit";
import { HttpMetrics } from "../../src/http/http-metrics.js";
import { TelemetryHub } from "../../src/telemetry/telemetry.js";

/** A server's metrics, and what they show. */
export function createHttp({
  maxEndpoints = 500,
  maxSeries = 1000,
  excluded = [] as readonly string[],
} = {}): {
  http: HttpMetrics;
  /** Lets so many milliseconds pass. */
  pass(milliseconds: number): void;
  hub: TelemetryHub;
  ask(template: string | undefined, options?: Asked): void;
  series(metric: string): Record<string, number>;
  endpoints(metric?: string): string[];
} {
  let now = 0;
  const clock = { monotonic: () => now };
  const hub = new TelemetryHub(createFakeClock(), { maxSeries });
  const http = new HttpMetrics(hub, { maxEndpoints }, { clock, excluded });
  const of = (metric: string) => hub.metrics().filter(({ name }) => name === `baldur_http_${metric}`);
  return {
    http,
    pass: (milliseconds) => {
      now += milliseconds;
    },
    hub,
    ask: (template, { method = "GET", status = 200, error } = {}) =>
      http.begin(method).end(template, status, error),
    series: (metric) =>
      Object.fromEntries(
        of(metric).map(({ labels, value, count }) => [Object.values(labels).join(" "), value ?? count ?? 0]),
      ),
    endpoints: (metric = "requests_total") => [
      ...new Set(of(metric).map(({ labels }) => `${labels["endpoint"]}`)),
    ],
  };
}

interface Asked {
  readonly method?: string;
  readonly status?: number;
  readonly error?: unknown;
}
