import { startAdminServer } from "@baldur/admin";
import { createBaldur } from "@baldur/core";
import { pro } from "@baldur/pro";
import { prometheus } from "@baldur/prometheus";

const HAND_WRITTEN_TIMEOUT = 2000;
const REPLAY_TIMEOUT = 2000;
const NAME = "payment-gateway";
const TRANSITIONS = {
  "circuit_breaker.opened": "open",
  "circuit_breaker.half_opened": "half_open",
  "circuit_breaker.closed": "closed",
};
const OPTIONS = { timeout: 400, retry: { maxAttempts: 2, baseDelay: 50 }, dlq: true };

const SETTINGS = {
  circuitBreaker: {
    failureRateThreshold: 50,
    minimumCalls: 10,
    slidingWindowSize: 20,
    recoveryTimeout: 1000,
    probeTimeout: 1000,
  },
  // By default the cooldown doubles with every probe that is answered 429 again, up to a minute: the recovery would lie
  // outside this run. Here it never grows beyond the second that the gateway asks for.
  rateLimitBackoff: { maxDelay: 1000 },
  // By default 50 replays per second, half a minute after a recovery: kinder to a gateway, and longer than this run.
  replay: { rate: 150, rampUp: 2000, concurrency: 8 },
  dlq: { batchSize: 100 },
};

/** Where what was captured outlives this process; the error stream is the last resort, and not one of them. */
const DURABLE = ["store", "spill"];

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** The gateway answered, but did not charge. */
class GatewayError extends Error {
  constructor(response) {
    super(`the gateway answered ${response.status}`);
    this.status = response.status;
    this.headers = response.headers;
  }
}

/** The one call that every shop makes, always with the same key for the same order. */
export function gatewayClient(port, load) {
  const url = `http://127.0.0.1:${port}/charges`;
  return async (order, signal) => {
    load.attempts += 1;
    load.inFlight += 1;
    try {
      const headers = { "idempotency-key": `order-${order.orderId}` };
      const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(order), signal });
      await response.text();
      if (!response.ok) throw new GatewayError(response);
      return "charged";
    } finally {
      load.inFlight -= 1;
    }
  };
}

/** What a careful programmer writes by hand: a timeout. */
export function plainPayment(charge) {
  return { pay: (order) => charge(order, AbortSignal.timeout(HAND_WRITTEN_TIMEOUT)) };
}

/**
 * The same call, protected. What finally fails is accepted once it is durable, and charged when the gateway is back: that
 * needs a licence, and without one the same code rejects.
 */
export async function protectedPayment(charge, load, tell) {
  const plugins = [...(await sharedState()), ...pro(), prometheus()];
  const baldur = createBaldur({ plugins, discover: false, logger: quiet, settings: SETTINGS });
  for (const [event, state] of Object.entries(TRANSITIONS)) {
    baldur.telemetry.subscribe(event, ({ at }) => tell({ state, at: at.getTime() }));
  }
  // Where the circuit is shared, another shop may have decided.
  baldur.telemetry.subscribe("circuit_breaker.fleet_followed", ({ payload, at }) =>
    tell({ state: payload.state, at: at.getTime() }),
  );
  baldur.telemetry.subscribe("dlq_replay.completed", ({ payload }) => tell({ replayed: payload.success }));
  baldur.telemetry.subscribe("dlq.stale_released", ({ payload }) => tell({ takenBack: payload.entries }));
  baldur.onReplay(NAME, ({ snapshotData }) => replay(charge, snapshotData, load));
  await baldur.start();
  tell({ tier: baldur.posture().tier });
  const pay = async (order) => {
    const run = (call) => charge(order, call.signal);
    const result = await baldur.protectWithMeta(NAME, run, { ...OPTIONS, context: order });
    if (result.outcome === "success") return result.value;
    const kept = await result.captured?.settled;
    if (kept?.captured && DURABLE.includes(kept.where)) return "accepted";
    throw result.error;
  };
  return { pay, openConsole: () => openConsole(baldur) };
}

/** The web console of a runtime, where everything may be tried: on its usual port, or on a free one if that is taken. */
async function openConsole(baldur) {
  const open = (options) => startAdminServer({ baldur, unlock: true, ...options });
  const { url } = await open().catch(() => open({ port: 0 }));
  return url;
}

/** What a fleet of shops shares its state in, where the environment names any. */
async function sharedState() {
  const { BALDUR_REDIS_URL, BALDUR_SQL_DSN } = process.env;
  return [
    ...(BALDUR_REDIS_URL === undefined ? [] : [(await import("@baldur/redis")).redis()]),
    ...(BALDUR_SQL_DSN === undefined ? [] : [(await import("@baldur/postgres")).postgres()]),
  ];
}

async function replay(charge, order, load) {
  load.replaying += 1;
  try {
    await charge(order, AbortSignal.timeout(REPLAY_TIMEOUT));
    load.replayed += 1;
  } finally {
    load.replaying -= 1;
  }
}
