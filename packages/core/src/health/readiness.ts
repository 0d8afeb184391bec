import type { HotClock } from "../clock.js";
import type { HealthCheck, Readiness } from "./health.js";
import type { HealthSettings } from "./settings.js";

export type Checks = Readonly<Record<string, HealthCheck>>;

interface Kept {
  readonly checks: Checks;
  readonly at: number;
}

/** Whether requests are to be sent here, by what the databases said. What is merely degraded is ready. */
export function isReady(checks: Checks, onTimeout: HealthSettings["readinessTimeoutDirection"]): boolean {
  return Object.values(checks).every(({ status, timedOut }) => {
    if (timedOut) return onTimeout === "ready";
    return status === "healthy" || status === "degraded";
  });
}

/** Rounds of questions about readiness: one at a time, however many ask, and its answer is given again for a while. */
export class ReadinessRounds {
  #kept: Kept | undefined;
  #running: Promise<Checks> | undefined;

  constructor(
    private readonly clock: Pick<HotClock, "monotonic">,
    private readonly settings: Readonly<HealthSettings>,
    private readonly ask: () => Promise<Checks>,
  ) {}

  async read(): Promise<Pick<Readiness, "ready" | "checks">> {
    const checks = this.#fresh() ?? (await this.#round());
    return { ready: isReady(checks, this.settings.readinessTimeoutDirection), checks };
  }

  /** What there is to ask has changed. */
  forget(): void {
    this.#kept = undefined;
  }

  #fresh(): Checks | undefined {
    const { readinessCacheTtl } = this.settings;
    if (this.#kept === undefined || this.clock.monotonic() - this.#kept.at >= readinessCacheTtl)
      return undefined;
    return this.#kept.checks;
  }

  #round(): Promise<Checks> {
    this.#running ??= this.ask()
      .then((checks) => {
        this.#kept = { checks, at: this.clock.monotonic() };
        return checks;
      })
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }
}
