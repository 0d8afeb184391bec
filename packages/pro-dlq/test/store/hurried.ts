import type { Clock } from "@baldur/core/plugin";

/** A clock by which everything happens so many times as fast: what waits for seconds need not be waited for. */
export function hurriedClock(factor: number): Clock {
  const began = Date.now();
  return {
    now: () => began + (Date.now() - began) * factor,
    monotonic: () => performance.now() * factor,
    setTimeout: (callback, delay) => setTimeout(callback, delay / factor),
    clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
  };
}
