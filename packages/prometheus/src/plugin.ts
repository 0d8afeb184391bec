import { ConfigurationError } from "@baldur/core";
import {
  definePlugin,
  metricsSettings,
  metricsSlot,
  type Plugin,
  type PluginContext,
} from "@baldur/core/plugin";
import { Bridge } from "./bridge.js";
import { joinGroup } from "./cluster/group.js";
import { defaultRegistry } from "./default-metrics.js";
import { Exporter } from "./exporter.js";
import type { Family } from "./family.js";
import { checkRegistry, type HostRegistry } from "./host-registry.js";
import { up } from "./metrics.js";
import { type PrometheusSettings, prometheusSettings } from "./settings.js";

/** Durations in milliseconds. @public */
export interface PrometheusOptions extends Partial<PrometheusSettings> {
  /** A registry of prom-client: its metrics are on Baldur's page, and Baldur's on its own. */
  readonly registry?: HostRegistry;
  /** Show the metrics of all workers of a cluster as one. Default: for the runtime of `init()`. */
  readonly aggregate?: boolean;
}

const PREFIX = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const OWN_PREFIX = /^baldur(?=_)/;

/**
 * Shows the metrics of a runtime to Prometheus, as a page that is made when it is asked for. Throws `ConfigurationError`
 * for a registry that is none of prom-client's.
 * @public
 */
export function prometheus(options: PrometheusOptions = {}): Plugin {
  if (options.registry !== undefined) checkRegistry(options.registry);
  let page: Page | undefined;
  return definePlugin({
    name: "@baldur/prometheus",
    settings: [prometheusSettings],
    register(context) {
      if (context.settings(metricsSettings).enabled) page = new Page(context, options);
    },
    start: async () => page?.start(),
    close: async () => page?.close(),
  });
}

/** The exporter of a runtime, with what it is joined to once the runtime starts. */
class Page {
  readonly #settings: Readonly<PrometheusSettings>;
  readonly #rename: (name: string) => string;
  readonly #exporter: Exporter;
  #joined = false;
  #closed = false;

  constructor(
    private readonly context: PluginContext,
    private readonly options: PrometheusOptions,
  ) {
    const { telemetry, clock } = context;
    const { registry: _, aggregate: __, ...given } = options;
    this.#settings = context.settings(prometheusSettings, given);
    this.#rename = renaming(this.#settings.prefix);
    this.#exporter = new Exporter({ telemetry, clock, rename: this.#rename });
    context.fill(metricsSlot, this.#exporter);
    context.on("baldur.runtime_adopted", () => void this.#join());
    telemetry.observeGauge(up, () => [[[], 1]]);
  }

  async start(): Promise<void> {
    const { registry } = this.options;
    const host = this.#settings.defaultMetrics ? await defaultRegistry(registry) : registry;
    if (host !== undefined) this.#exporter.bridge = this.#bridgeTo(host);
    await this.#join();
  }

  close(): void {
    this.#closed = true;
    this.#exporter.group?.close();
    this.#exporter.bridge?.close();
  }

  #bridgeTo(registry: HostRegistry): Bridge {
    const { telemetry, clock } = this.context;
    const bridge = new Bridge({ registry, telemetry, clock, rename: this.#rename });
    bridge.sync();
    return bridge;
  }

  /** One runtime of a process speaks for it; which one may be settled late. */
  async #join(): Promise<void> {
    const { telemetry, clock, isDefault } = this.context;
    if (this.#joined || this.#closed || !(this.options.aggregate ?? isDefault())) return;
    this.#joined = true;
    const own = (): Promise<readonly Family[]> => this.#exporter.families();
    const timeout = this.#settings.workerTimeout;
    const group = await joinGroup({ telemetry, clock, own, timeout, rename: this.#rename });
    if (this.#closed) group?.close();
    else this.#exporter.group = group;
  }
}

function renaming(prefix: string): (name: string) => string {
  if (!PREFIX.test(prefix))
    throw new ConfigurationError(`BALDUR_METRICS_PREFIX must match ${PREFIX.source}; received ${prefix}`);
  return (name) => name.replace(OWN_PREFIX, prefix);
}
