import { hostname } from "node:os";
import { VERSION } from "@baldur/core";
import { metricsSlot } from "@baldur/core/plugin";
import { jsonResponse } from "../response/json.js";
import { settingOf } from "../setting.js";
import { type Host, type Route, timestamp } from "./route.js";

const NO_METRICS = {
  error: "metrics_unavailable",
  message: "nothing exposes metrics; install @baldur/prometheus",
};

/** How the runtime stands: posture, storage, jobs, metrics. */
export function operationsRoutes(host: Host): Route[] {
  const { baldur } = host;
  const began = host.clock.monotonic();
  const look = (path: string, summary: string, handler: Route["handler"]): Route => ({
    method: "GET",
    path,
    role: "viewer",
    summary,
    query: {},
    handler,
  });
  return [
    look("/posture", "what is active, inert or degraded, and why", ({ caller }) => ({
      ...baldur.posture(),
      version: VERSION,
      environment: settingOf(baldur, "runtime", "environment"),
      uptime_seconds: Math.round((host.clock.monotonic() - began) / 1000),
      instance: `${hostname()}:${process.pid}`,
      unlocked: host.policy.unlock,
      role: caller?.role,
    })),
    look("/storage/status", "how this process stands with the shared store", () => storage(host)),
    look("/l2-storage/status", "another name of /storage/status", () => storage(host)),
    look("/l2-storage/health", "another name of /storage/status", () => storage(host)),
    {
      method: "POST",
      path: "/storage/recover",
      role: "operator",
      summary: "looks at once whether the shared store answers, and recovers if so",
      body: { reason: { type: "string", maxLength: 500, description: "why, for the journal" } },
      handler: async () => ({ recovered: await baldur.storage.checkAndRecover(), ...storage(host) }),
    },
    look("/scheduler/jobs", "what runs by itself, and when it last did", () => ({
      leading: baldur.scheduler.leading,
      jobs: baldur.scheduler.jobs(),
      timestamp: timestamp(host),
    })),
    { ...look("/metrics", "every series as it is now", () => metrics(host)), role: "authenticated" },
    {
      method: "GET",
      path: "/prometheus",
      role: "public",
      summary: "the same, for a scraper",
      handler: ({ request }) => exposition(host, request),
    },
  ];
}

function storage({ baldur }: Host): object {
  const { mode } = baldur.storage;
  return { storage: baldur.posture().storage, mode, divergences: baldur.storage.divergences() };
}

function metrics(host: Host): object {
  const { baldur } = host;
  return {
    metrics: baldur.telemetry.metrics(),
    cardinality: baldur.slots.get(metricsSlot).cardinality(),
    timestamp: timestamp(host),
  };
}

async function exposition({ baldur }: Host, { headers }: Request): Promise<Response> {
  const page = await baldur.slots.get(metricsSlot).exposition(headers.get("accept") ?? undefined);
  if (page === undefined) return jsonResponse(NO_METRICS, 503);
  return new Response(page.body, { headers: { "content-type": page.contentType } });
}
