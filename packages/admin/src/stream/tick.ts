import type { Baldur, CircuitState } from "@baldur/core";
import { type Clock, type PluginTelemetry, within } from "@baldur/core/plugin";

/** Milliseconds that a part of it may take; what takes longer is left out. */
const PATIENCE = 1000;
const CALLS = "baldur_protect_duration_seconds";
const OPEN: readonly CircuitState[] = ["open", "forced_open"];
const DEAD_LETTERS = "/dlq/cleanup/stats";

export interface TickParts {
  readonly baldur: Baldur;
  readonly clock: Clock;
  readonly telemetry: PluginTelemetry;
}

/** How everything is at this moment. What could not be found out is absent. */
export async function tickOf(parts: TickParts): Promise<object> {
  const { baldur, clock, telemetry } = parts;
  const attempt = <T>(work: () => Promise<T>): Promise<T | undefined> =>
    within(clock, PATIENCE, work, { unref: true }).catch(() => undefined);
  const [health, dlqOpen] = await Promise.all([
    attempt(async () => (await baldur.health.check()).status),
    attempt(() => openDeadLetters(baldur)),
  ]);
  return {
    at: new Date(clock.now()).toISOString(),
    health_status: health ?? "unknown",
    circuits_open: baldur.circuits().filter(({ state }) => OPEN.includes(state)).length,
    dlq_open: dlqOpen,
    enabled: baldur.control.enabled,
    dryRun: baldur.control.dryRun,
    mode: baldur.storage.mode,
    phase: baldur.lifecycle.phase,
    calls: callsOf(telemetry),
  };
}

/** By the route of whoever keeps dead letters; this package knows none. */
async function openDeadLetters(baldur: Baldur): Promise<number | undefined> {
  const route = baldur.routes().find(({ method, path }) => method === "GET" && path === DEAD_LETTERS);
  const query = new URLSearchParams();
  const stats = await route?.handler({ params: {}, query, body: undefined, actor: "event stream" });
  const open = (stats as { readonly open?: unknown } | undefined)?.open;
  return typeof open === "number" ? open : undefined;
}

/** Calls since the start, by outcome. */
function callsOf(telemetry: PluginTelemetry): Record<string, number> | undefined {
  const reading = telemetry.readings().find(({ definition }) => definition.name === CALLS);
  if (reading === undefined) return undefined;
  const calls: Record<string, number> = {};
  for (const { labels, count = 0 } of reading.samples()) {
    const outcome = labels["outcome"] ?? "";
    calls[outcome] = (calls[outcome] ?? 0) + count;
  }
  return calls;
}
