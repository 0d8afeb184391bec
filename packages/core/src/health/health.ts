import { text } from "../describe.js";

/** @public */
export type HealthStatus = "healthy" | "degraded" | "unhealthy" | "unknown";

/** @public */
export interface HealthCheck {
  readonly status: HealthStatus;
  readonly detail?: string;
}

/** @public */
export interface HealthReport {
  /** The worst of the checks. */
  readonly status: HealthStatus;
  readonly checks: Readonly<Record<string, HealthCheck>>;
}

/** How the parts of a runtime are. @public */
export interface Health {
  check(): Promise<HealthReport>;
}

const ORDER: readonly HealthStatus[] = ["healthy", "unknown", "degraded", "unhealthy"];

type Probe = () => HealthCheck | Promise<HealthCheck>;

/** Asks every probe at once. One that throws is unknown, never healthy. */
export class HealthChecks implements Health {
  constructor(private readonly probes: Readonly<Record<string, Probe>>) {}

  async check(): Promise<HealthReport> {
    const entries = Object.entries(this.probes).map(
      async ([name, probe]) => [name, await ask(probe)] as const,
    );
    const checks = Object.fromEntries(await Promise.all(entries));
    const worst = Math.max(0, ...Object.values(checks).map(({ status }) => ORDER.indexOf(status)));
    return { status: ORDER[worst] as HealthStatus, checks };
  }
}

async function ask(probe: Probe): Promise<HealthCheck> {
  try {
    return await probe();
  } catch (error) {
    return { status: "unknown", detail: text(error) };
  }
}
