import {
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  fallback,
  handleAll,
  retry,
  SamplingBreaker,
  timeout,
  wrap,
} from "cockatiel";

const HOUR = 3_600_000;
const sampling = (options) =>
  circuitBreaker(handleAll, {
    halfOpenAfter: HOUR,
    breaker: new SamplingBreaker({ threshold: 0.5, duration: 10_000, ...options }),
  });

export const makeBreaker = () => sampling();

export function breaker(fn) {
  const policy = sampling();
  return () => policy.execute(fn);
}

/** Aggressive, as Baldur's: the caller is released at the deadline whatever the function does. */
export function four(fn) {
  const policy = wrap(
    fallback(handleAll, 0),
    retry(handleAll, { maxAttempts: 3, backoff: new ExponentialBackoff() }),
    sampling(),
    timeout(10_000, "aggressive"),
  );
  return () => policy.execute(fn);
}

export function failing() {
  const policy = sampling({ threshold: 0.999_999, duration: HOUR, minimumRps: 1e12 });
  return { call: (fn) => policy.execute(fn), stop() {} };
}

export async function open(fn, error) {
  const policy = circuitBreaker(handleAll, { halfOpenAfter: HOUR, breaker: new ConsecutiveBreaker(1) });
  await policy.execute(() => Promise.reject(error)).catch(() => undefined);
  return () => policy.execute(fn);
}
