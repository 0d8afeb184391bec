import type { HealthCheck } from "../health/health.js";
import type { Lifecycle } from "../lifecycle/lifecycle.js";
import { type HttpAnswer, jsonAnswer } from "./answer.js";
import type { HttpHost } from "./host.js";

/** Asks nobody, and is the same in a drain. */
const PING: HttpAnswer = jsonAnswer(200, { ping: "pong", status: "alive" }, { "cache-control": "max-age=1" });
const ALIVE: HttpAnswer = jsonAnswer(200, { status: "alive" }, { "cache-control": "no-store" });
const NOT_STARTED: HttpAnswer = jsonAnswer(
  503,
  {
    status: "not_ready",
    ready: false,
    checks: { runtime: { status: "unknown", detail: "the runtime has not started" } },
  },
  { "cache-control": "no-store" },
);

/** Answers of the health endpoints that everyone may ask, by their paths below the prefix. */
export const HEALTH_ROUTES: Readonly<
  Record<string, (host: HttpHost | undefined) => HttpAnswer | Promise<HttpAnswer>>
> = {
  "/health/ping": () => PING,
  "/health/live": () => ALIVE,
  "/health/ready": (host) => (host === undefined ? NOT_STARTED : readiness(host)),
  "/health/pool": (host) => (host === undefined ? NOT_STARTED : pool(host)),
};

/** 200 only while requests are to be sent here. */
async function readiness({ health, lifecycle }: HttpHost): Promise<HttpAnswer> {
  const { ready, phase, checks } = await health.ready();
  const body = { status: ready ? "ready" : "not_ready", ready, phase, checks: unexplained(checks) };
  return jsonAnswer(ready ? 200 : 503, body, ready ? fresh() : { ...fresh(), ...retryAfter(lifecycle) });
}

async function pool({ health }: HttpHost): Promise<HttpAnswer> {
  const { status, pools } = await health.pool();
  return jsonAnswer(status === "healthy" ? 200 : 503, { status, pools: unexplained(pools) }, fresh());
}

/** What is wrong is told in words that name hosts and users, which are not for everyone. */
function unexplained<C extends Pick<HealthCheck, "detail">>(
  checks: Readonly<Record<string, C>>,
): Record<string, Omit<C, "detail">> {
  return Object.fromEntries(Object.entries(checks).map(([name, { detail: _, ...check }]) => [name, check]));
}

function fresh(): Record<string, string> {
  return { "cache-control": "no-store" };
}

function retryAfter({ phase, retryAfter }: Lifecycle): Record<string, string> {
  return phase === "running" ? {} : { "retry-after": String(retryAfter) };
}
