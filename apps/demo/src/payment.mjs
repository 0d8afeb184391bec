import { createBaldur } from "@baldur/core";

const HAND_WRITTEN_TIMEOUT = 2000;
const NAME = "payment-gateway";
const TRANSITIONS = {
  "circuit_breaker.opened": "open",
  "circuit_breaker.half_opened": "half_open",
  "circuit_breaker.closed": "closed",
};
const OPTIONS = {
  timeout: 250,
  retry: { maxAttempts: 2, baseDelay: 50 },
  circuitBreaker: {
    failureRateThreshold: 50,
    minimumCalls: 10,
    slidingWindowSize: 40,
    recoveryTimeout: 1000,
    probeTimeout: 1000,
  },
  fallback: () => ({ status: "accepted", payment: "pending" }),
};

// By default the cooldown doubles with every probe that is answered 429 again, up to a minute: the recovery would lie
// outside this run. Here it never grows beyond the second that the gateway asks for.
const SETTINGS = { rateLimitBackoff: { maxDelay: 1000 } };

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** The gateway answered, but did not charge. */
class GatewayError extends Error {
  constructor(response) {
    super(`the gateway answered ${response.status}`);
    this.status = response.status;
    this.headers = response.headers;
  }
}

/** The one call that both shops make. `onAttempt` counts what the shop sends. */
export function gatewayClient(port, onAttempt) {
  const url = `http://127.0.0.1:${port}/charges`;
  return async (order, signal) => {
    onAttempt();
    const response = await fetch(url, { method: "POST", body: JSON.stringify(order), signal });
    const receipt = await response.json();
    if (!response.ok) throw new GatewayError(response);
    return { status: "charged", payment: receipt.charge };
  };
}

/** What a careful programmer writes by hand: a timeout. */
export function plainPayment(charge) {
  return (order) => charge(order, AbortSignal.timeout(HAND_WRITTEN_TIMEOUT));
}

/** The same call, protected. */
export async function protectedPayment(charge, onTransition) {
  const baldur = await createBaldur({ logger: quiet, settings: SETTINGS }).start();
  for (const [event, state] of Object.entries(TRANSITIONS)) {
    baldur.telemetry.subscribe(event, ({ at }) => onTransition({ state, at: at.getTime() }));
  }
  return (order) => baldur.protect(NAME, (call) => charge(order, call.signal), OPTIONS);
}
