import type { Clock } from "../clock.js";
import type { PluginTelemetry } from "../plugins/plugin.js";
import type { MetricsSettings } from "../telemetry/settings.js";
import { templateOf } from "./endpoint-label.js";
import { HttpRecorder } from "./http-recorder.js";

/** Requests to these, and to what is below, are not counted: probes and scrapers would drown the users. */
const EXCLUDED: readonly string[] = ["/health", "/ready", "/metrics", "/favicon.ico"];
/** As it is written where a client left before the answer. */
const CLIENT_LEFT = 499;
const PATHS_KEPT = 2048;

/** @public */
export interface HttpMetricsOptions {
  readonly clock: Pick<Clock, "monotonic">;
  /** Paths that are not counted, with what is below them, besides `/health`, `/ready`, `/metrics` and `/favicon.ico`. */
  readonly excluded?: readonly string[];
}

/**
 * Counts and times the requests of a server; one of these per runtime. How many series there are does not depend on what
 * clients send.
 * @public
 */
export class HttpMetrics {
  readonly #recorder: HttpRecorder;
  readonly #templates = new Map<string, string>();

  constructor(
    telemetry: Pick<PluginTelemetry, "counter" | "histogram">,
    { maxEndpoints }: Pick<MetricsSettings, "maxEndpoints">,
    { clock, excluded = [] }: HttpMetricsOptions,
  ) {
    this.#recorder = new HttpRecorder(telemetry, {
      clock,
      maxEndpoints,
      excluded: [...EXCLUDED, ...excluded],
    });
  }

  /** A request has arrived, just now or at a time of the clock. */
  begin(method: string, at?: number): HttpMeasurement {
    return new HttpMeasurement(this.#recorder, method, at);
  }

  /**
   * A path as a template, for handlers that no router has given one: `/users/123` is `/users/{id}`. Not for paths that
   * nothing answers: those have no template.
   */
  templateOf(path: string): string {
    const known = this.#templates.get(path);
    if (known !== undefined) return known;
    const template = templateOf(path);
    if (this.#templates.size >= PATHS_KEPT) this.#templates.clear();
    this.#templates.set(path, template);
    return template;
  }
}

/** One request, from its arrival. @public */
export class HttpMeasurement {
  readonly #recorder: HttpRecorder;
  readonly #method: string;
  readonly #began: number;
  #ended = false;

  constructor(recorder: HttpRecorder, method: string, at: number = recorder.now()) {
    this.#recorder = recorder;
    this.#method = method;
    this.#began = at;
  }

  /**
   * The request has ended; only the first call counts. `template` is the router's (`/users/:id`), undefined where no route
   * matched; `status` is undefined where the client left before the answer, which is nobody's failure; `error` is what the
   * handler threw, where nobody handled it.
   */
  end(template: string | undefined, status: number | undefined, error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#recorder.record(this.#method, this.#began, { template, status: status ?? CLIENT_LEFT, error });
  }
}
