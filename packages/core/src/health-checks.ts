import type { Baldur } from "./api.js";
import { type Health, type HealthCheck, HealthChecks } from "./health/health.js";

const HEALTHY: HealthCheck = Object.freeze({ status: "healthy" });

/** The checks of a runtime's own parts. */
export function healthOf(baldur: Pick<Baldur, "circuits" | "control">): Health {
  return new HealthChecks({ circuits: () => checkCircuits(baldur), control: () => checkControl(baldur) });
}

function checkCircuits(baldur: Pick<Baldur, "circuits" | "control">): HealthCheck {
  if (!baldur.control.enabled) return HEALTHY; // nothing is held back
  const open = baldur.circuits().filter(({ state }) => state !== "closed" && state !== "forced_closed");
  if (open.length === 0) return HEALTHY;
  return { status: "degraded", detail: open.map(({ name, state }) => `${name} is ${state}`).join(", ") };
}

async function checkControl({ control }: Pick<Baldur, "control">): Promise<HealthCheck> {
  const { enabled, persisted, dryRun } = await control.state();
  if (!enabled) return { status: "degraded", detail: "disabled by the kill switch" };
  if (!persisted) return { status: "degraded", detail: "the latest change is not stored yet" };
  return dryRun ? { status: "healthy", detail: "dry run" } : HEALTHY;
}
