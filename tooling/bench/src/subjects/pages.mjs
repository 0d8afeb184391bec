import { createRequire } from "node:module";
import { createBaldur } from "@baldur/core";
import { HttpMetrics, metricsSettings, metricsSlot } from "@baldur/core/plugin";
import { prometheus } from "@baldur/prometheus";

// The copy that Baldur's package uses, so that both sides are of one version.
const promClient = createRequire(import.meta.resolve("@baldur/prometheus"))("prom-client");

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const ATTEMPTS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const endpoint = (index) => `/api/things/:id/part-${index}`;
const fn = async () => 1;
const silent = () => undefined;
const SILENT = { debug: silent, info: silent, warn: silent, error: silent };

/** A runtime with as many circuits and endpoints; `work` uses each once, so that no page is like the one before. */
export async function ofBaldur(circuits, endpoints) {
  let http;
  const probe = {
    name: "@bench/http",
    register: ({ telemetry, settings, clock }) => {
      http = new HttpMetrics(telemetry, settings(metricsSettings), { clock });
    },
  };
  const baldur = await createBaldur({
    discover: false,
    plugins: [prometheus(), probe],
    logger: SILENT,
  }).start();
  return {
    work: async () => {
      for (let i = 0; i < circuits; i++) await baldur.protect(`circuit-${i}`, fn);
      for (let i = 0; i < endpoints; i++) http.begin("GET").end(endpoint(i), 200);
    },
    page: async () => (await baldur.slots.get(metricsSlot).exposition()).body,
    close: () => baldur.close(),
  };
}

/** The same series, kept and written by prom-client alone. */
export function ofPromClient(circuits, endpoints) {
  const { Counter, Gauge, Histogram, Registry } = promClient;
  const registry = new Registry();
  const shared = { help: "help", registers: [registry] };
  const call = { ...shared, labelNames: ["name", "outcome", "mode"] };
  const durations = new Histogram({ ...call, name: "protect_duration_seconds", buckets: SECONDS });
  const attempts = new Histogram({ ...call, name: "protect_attempts", buckets: ATTEMPTS });
  const states = new Gauge({ ...shared, name: "circuit_breaker_state", labelNames: ["service"] });
  const request = { ...shared, labelNames: ["method", "endpoint"] };
  const requestDurations = new Histogram({
    ...request,
    name: "http_request_duration_seconds",
    buckets: SECONDS,
  });
  const requests = new Counter({
    ...request,
    name: "http_requests_total",
    labelNames: ["method", "endpoint", "status_code"],
  });
  return {
    work: async () => {
      for (let i = 0; i < circuits; i++) {
        const labels = { name: `circuit-${i}`, outcome: "success", mode: "async" };
        durations.observe(labels, 0.001);
        attempts.observe(labels, 1);
        states.set({ service: labels.name }, 0);
      }
      for (let i = 0; i < endpoints; i++) {
        const labels = { method: "GET", endpoint: endpoint(i) };
        requestDurations.observe(labels, 0.001);
        requests.inc({ ...labels, status_code: "200" });
      }
    },
    page: () => registry.metrics(),
    close: async () => undefined,
  };
}
