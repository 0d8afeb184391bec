import { boolean, defineSettings, duration, type SettingsGroup, text } from "@baldur/core/plugin";

const SECOND = 1000;

/** @public */
export interface PrometheusSettings {
  prefix: string;
  defaultMetrics: boolean;
  workerTimeout: number;
}

export const prometheusSettings: SettingsGroup<PrometheusSettings> = defineSettings<PrometheusSettings>(
  "prometheus",
  {
    prefix: "BALDUR_METRICS_",
    help: "The page of metrics.",
    fields: {
      prefix: text({
        env: "PREFIX",
        default: "baldur",
        help: "what the names of Baldur's metrics begin with on the page; the dashboard and the alert rules know the default",
      }),
      defaultMetrics: boolean({
        env: "DEFAULT_METRICS",
        default: false,
        help: "show memory, CPU, event loop and garbage collection of the process too, as prom-client measures them",
      }),
      workerTimeout: duration({
        env: "WORKER_TIMEOUT_SECONDS",
        unit: "s",
        default: SECOND,
        min: 0.1 * SECOND,
        max: 30 * SECOND,
        help: "how long a page waits for the other workers of a cluster; of one that is silent only its earlier counts are shown",
      }),
    },
  },
);
