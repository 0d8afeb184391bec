import { defineCounter, defineHistogram, type MetricDefinition } from "../telemetry/metric.js";

// Label values of these are made by HttpMetrics, which keeps them few: a template is shown as the router has it.

export const requestsTotal: MetricDefinition<"counter"> = defineCounter("baldur_http_requests_total", {
  help: "requests that were answered; status 499 where the client left before",
  labels: ["method", "endpoint", "status_code"],
  verbatim: true,
  room: 10,
});

export const requestDuration: MetricDefinition<"histogram"> = defineHistogram(
  "baldur_http_request_duration_seconds",
  {
    help: "time from the arrival of a request until its answer was sent",
    labels: ["method", "endpoint"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    verbatim: true,
    room: 5,
  },
);

export const requestErrorsTotal: MetricDefinition<"counter"> = defineCounter(
  "baldur_http_request_errors_total",
  {
    help: "requests that failed in the service, once each: by what was thrown, else by the status 5xx",
    labels: ["method", "endpoint", "error_type"],
    verbatim: true,
    room: 10,
  },
);
