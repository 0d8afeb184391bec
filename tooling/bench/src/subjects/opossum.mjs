import Opossum from "opossum";

const HOUR = 3_600_000;

export const makeBreaker = () => new Opossum(async () => 1);

export function breaker(fn) {
  const circuit = new Opossum(fn, { timeout: false });
  return () => circuit.fire();
}

/** It has no retry: breaker, timeout and fallback. */
export function four(fn) {
  const circuit = new Opossum(fn, { timeout: 10_000 });
  circuit.fallback(() => 0);
  return () => circuit.fire();
}

/** A circuit is bound to one function: this one calls what it is given. */
export function failing() {
  const circuit = new Opossum((fn) => fn(), {
    timeout: false,
    volumeThreshold: 1e12,
    rollingCountTimeout: HOUR,
  });
  return { call: (fn) => circuit.fire(fn), stop: () => circuit.shutdown() };
}

export async function open(fn) {
  const circuit = new Opossum(fn, { resetTimeout: HOUR });
  circuit.open();
  return () => circuit.fire();
}
