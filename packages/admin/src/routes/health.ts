import type { HealthCheck, HealthReport } from "@baldur/core";
import { emergencySlot } from "@baldur/core/plugin";
import { healthUnknown } from "../events.js";
import { jsonResponse } from "../response/json.js";
import { type Host, type Route, timestamp } from "./route.js";

const UNAVAILABLE = 503;
const ALIVE = "alive";

/** How the process is: for balancers, schedulers and people. Each by the name of a server and by that of a framework. */
export function healthRoutes(host: Host): Route[] {
  const open = (paths: readonly string[], summary: string, handler: Route["handler"]): Route[] =>
    paths.map((path) => ({ method: "GET", path, role: "public", summary, handler }));
  const watch = new UnknownWatch(host);
  return [
    ...open(["/liveness", "/health/live"], "the process answers, also while it drains", () => ({
      status: ALIVE,
    })),
    ...open(["/readiness", "/health/ready"], "whether requests are to be sent here", () => readiness(host)),
    ...open(["/health/ping"], "answers without looking at anything", () => ping()),
    ...open(["/health/pool"], "connections to databases", () => pool(host)),
    {
      method: "GET",
      path: "/health",
      role: "viewer",
      summary: "how every part is",
      query: { nocache: { type: "boolean", description: "look now, not at what was found lately" } },
      handler: ({ query }) => health(host, watch, query.get("nocache") === "true"),
    },
  ];
}

function ping(): Response {
  return jsonResponse({ ping: "pong", status: ALIVE }, 200, { "cache-control": "max-age=1" });
}

async function readiness({ baldur }: Host): Promise<Response> {
  const { ready, phase, checks } = await baldur.health.ready();
  return jsonResponse(
    { status: ready ? "ready" : "not_ready", ready, phase, checks: unexplained(checks) },
    ready ? 200 : UNAVAILABLE,
  );
}

async function pool({ baldur }: Host): Promise<Response> {
  const report = await baldur.health.pool();
  const body = { ...withCache(report), pools: unexplained(report.pools) };
  return jsonResponse(body, report.status === "healthy" ? 200 : UNAVAILABLE);
}

/** Everybody may ask these, and what is wrong is told in words that name hosts and users; `/health` has them. */
function unexplained<C extends Pick<HealthCheck, "detail">>(
  checks: Readonly<Record<string, C>>,
): Record<string, Omit<C, "detail">> {
  return Object.fromEntries(Object.entries(checks).map(([name, { detail: _, ...check }]) => [name, check]));
}

/** Tells once that nobody knows. */
class UnknownWatch {
  #told = false;

  constructor(private readonly host: Host) {}

  note({ status, checks }: HealthReport): void {
    const turned = status === "unknown" && !this.#told;
    this.#told = status === "unknown";
    if (!turned) return;
    const unknown = Object.keys(checks).filter((name) => checks[name]?.status === "unknown");
    this.host.telemetry.report(healthUnknown, { checks: unknown });
  }
}

async function health(host: Host, watch: UnknownWatch, fresh: boolean): Promise<Response> {
  const { baldur } = host;
  const report = await baldur.health.check({ fresh });
  watch.note(report);
  const body = {
    ...withCache(report),
    services_count: baldur.circuits().length,
    timestamp: timestamp(host),
    emergency_level: baldur.slots.get(emergencySlot).state().level,
    baldur_enabled: baldur.control.enabled,
    dry_run: baldur.control.dryRun,
    ...drain(host),
  };
  return jsonResponse(body, report.status === "unhealthy" ? UNAVAILABLE : 200);
}

/** Only while it is on its way out. */
function drain({ baldur: { lifecycle } }: Host): object {
  const { phase, remaining, inFlight } = lifecycle;
  if (phase === "running") return {};
  return {
    phase,
    remaining_seconds: remaining === undefined ? undefined : remaining / 1000,
    in_flight: inFlight,
  };
}

function withCache<R extends Pick<HealthReport, "cache">>({ cache, ...report }: R): object {
  return cache === undefined
    ? report
    : { ...report, _cache: { hit: cache.hit, latency_ms: cache.latency, at: cache.at } };
}
