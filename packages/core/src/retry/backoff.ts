import type { Random } from "../clock.js";
import type { RetryPolicy } from "./policy.js";

type Shape = Pick<RetryPolicy, "strategy" | "baseDelay" | "maxDelay" | "multiplier" | "increment" | "jitter">;

/** Growth of a decorrelated wait over the one before it, at most (Brooker, "Exponential Backoff And Jitter"). */
const DECORRELATED_GROWTH = 3;

/**
 * Milliseconds to wait after so many failed attempts (1 after the first). Never negative, never above `maxDelay`, also
 * where the exponential overflows. `previous` is the call's own latest wait, 0 before the first.
 */
export function delayAfter(policy: Shape, failedAttempts: number, previous: number, random: Random): number {
  const { baseDelay, maxDelay } = policy;
  if (policy.strategy === "decorrelated_jitter") {
    const highest = Math.max(
      baseDelay,
      (previous === 0 ? baseDelay / DECORRELATED_GROWTH : previous) * DECORRELATED_GROWTH,
    );
    return Math.min(maxDelay, baseDelay + random() * (highest - baseDelay));
  }
  const plain = Math.min(maxDelay, ladder(policy, failedAttempts));
  const spread = (random() * 2 - 1) * policy.jitter;
  return Math.min(maxDelay, Math.max(0, plain * (1 + spread)));
}

function ladder({ strategy, baseDelay, multiplier, increment }: Shape, failedAttempts: number): number {
  switch (strategy) {
    case "linear":
      return baseDelay + increment * (failedAttempts - 1);
    case "constant":
      return baseDelay;
    default:
      return baseDelay * Math.min(Number.MAX_SAFE_INTEGER, multiplier ** (failedAttempts - 1));
  }
}

/** A wait that is never shorter than what the dependency asked for. */
export function withFloor(delay: number, floor: number): number {
  return Math.max(delay, floor);
}
