import * as core from "@baldur/core";

const HOUR = 3_600_000;
const zero = () => 0;
const SILENT = { debug: zero, info: zero, warn: zero, error: zero };
const SETTINGS = { control: { backend: "memory" } };

await core.init({ discover: false, logger: SILENT, settings: SETTINGS });
const FOUR = { retry: { maxAttempts: 3 }, timeout: 10_000, fallback: zero };
/** A window of 100 never holds the 1,000 failures that it must hold to open. */
const NEVER_OPENS = { circuitBreaker: { slidingWindowSize: 100, failureThreshold: 1000 } };
const OPENS_AT_ONCE = { circuitBreaker: { failureThreshold: 1, minimumCalls: 1, recoveryTimeout: HOUR } };

export const breaker = (fn) => () => core.protect("breaker", fn);

export function breakerWrapped(fn) {
  const call = core.protected("breaker-wrapped", fn);
  return () => call();
}

/** Breaker, retry, timeout and fallback, by options that are one object for all calls. */
export const four = (fn) => () => core.protect("four", fn, FOUR);

export function fourWrapped(fn) {
  const call = core.protected("four-wrapped", fn, FOUR);
  return () => call();
}

/** The same by options that every call writes out. */
export const fourInline = (fn) => () =>
  core.protect("four-inline", fn, { retry: { maxAttempts: 3 }, timeout: 10_000, fallback: () => 0 });

/** The same again for a function that reads `call.signal`: a circuit of its own, as in an application. */
export const fourReading = (fn) => () => core.protect("four-reading", fn, FOUR);

export function fourWithSignal(fn, signal) {
  const options = { ...FOUR, signal };
  return () => core.protect("four-with-signal", fn, options);
}

let fresh = 0;

/** A new breaker that no failure opens. */
export function failing() {
  const name = `failing-${fresh++}`;
  return { call: (fn) => core.protect(name, fn, NEVER_OPENS), stop() {} };
}

/** A call to a breaker that has opened. */
export async function open(fn, error) {
  await core.protect("open", () => Promise.reject(error), OPENS_AT_ONCE).catch(zero);
  return () => core.protect("open", fn, OPENS_AT_ONCE);
}

/** The breaker alone in a runtime that records its counters and its latency, and in one that does not. */
export function recording(fn, enabled) {
  const runtime = core.createBaldur({ logger: SILENT, settings: { metrics: { enabled } } });
  return () => runtime.protect("recorder", fn);
}

/** Makes idle breakers by index; with `fn`, each has had one call. */
export function idle(fn) {
  const runtime = core.createBaldur({
    logger: SILENT,
    settings: { circuitBreaker: { maxBreakers: 200_000 } },
  });
  if (fn === undefined) return (index) => void runtime.circuit(`service-${index}`);
  return (index) => runtime.protect(`service-${index}`, fn).then(() => undefined);
}
