import type { AnyFunction } from "../call.js";
import type { HotClock } from "../clock.js";
import { type Decorator, decorator } from "../decorate.js";
import { ConfigurationError, invalid, withoutStack } from "../errors.js";
import { interventionSuppressed } from "../pipeline/events.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { RateLimitExceededError } from "./errors.js";
import * as events from "./events.js";
import * as metrics from "./metrics.js";

/** @public */
export interface RateLimitOptions {
  /** Calls that may begin within the window, per key. */
  maxRequests: number;
  /** Milliseconds. Default 60,000. */
  window?: number;
  /** Whose budget a call uses, from its arguments. Default: all calls share one. */
  // biome-ignore lint/suspicious/noExplicitAny: it takes the arguments of whatever function is limited
  key?: (...args: any[]) => string;
  /** Default true: `RateLimitExceededError`. False: the call answers undefined. */
  raiseOnLimit?: boolean;
}

export interface RateLimitServices {
  readonly clock: HotClock;
  readonly telemetry: TelemetryHub;
  /** The gate is switched on. */
  readonly enabled: boolean;
  /** 0 active, 1 dry run, 2 disabled. */
  readonly control: { readonly mode: number };
}

const DEFAULT_WINDOW = 60_000;
const MOST_KEYS = 10_000;
const SHARED_KEY = "*";

/** Makes the gate `rateLimit`: every function that it wraps has budgets of its own. */
export function rateLimitGate(services: () => RateLimitServices): (options: RateLimitOptions) => Decorator {
  return (options) => {
    const { maxRequests, window = DEFAULT_WINDOW, raiseOnLimit = true } = validate(options);
    return decorator((fn) => {
      const limiter = new SlidingWindow(maxRequests, window);
      return function limited(this: unknown, ...args: unknown[]): unknown {
        const runtime = services();
        if (!runtime.enabled || runtime.control.mode === 2) return fn.apply(this, args);
        const key = options.key === undefined ? SHARED_KEY : String(options.key(...args));
        const wait = limiter.take(key, runtime.clock.monotonic());
        if (wait === 0) return fn.apply(this, args);
        if (runtime.control.mode === 1) {
          const detail = `the limit of ${maxRequests} would have refused`;
          runtime.telemetry.report(interventionSuppressed, {
            name: fn.name,
            intervention: "rate_limit",
            detail,
          });
          return fn.apply(this, args);
        }
        runtime.telemetry.counter(metrics.exceededTotal).cell().add();
        runtime.telemetry.report(events.requestBlocked, { key, limit: maxRequests, window });
        if (!raiseOnLimit) return undefined;
        throw withoutStack(createError, { key, maxRequests, window, resetAt: runtime.clock.now() + wait });
      } satisfies AnyFunction;
    }, "rateLimit");
  };
}

function createError(facts: {
  key: string;
  maxRequests: number;
  window: number;
  resetAt: number;
}): RateLimitExceededError {
  return new RateLimitExceededError(facts.key, facts.maxRequests, facts.window, new Date(facts.resetAt));
}

function validate(options: RateLimitOptions): RateLimitOptions {
  if (typeof options !== "object" || options === null)
    throw invalid("rateLimit", "an options object", options);
  const { maxRequests, window, key, raiseOnLimit, ...rest } = options;
  for (const option of Object.keys(rest))
    throw new ConfigurationError(`rateLimit.${option} is not an option`);
  if (!Number.isInteger(maxRequests) || maxRequests < 1)
    throw invalid("rateLimit.maxRequests", "a positive integer", maxRequests);
  if (window !== undefined && !(window > 0 && window < Number.POSITIVE_INFINITY)) {
    throw invalid("rateLimit.window", "a positive number of milliseconds", window);
  }
  if (key !== undefined && typeof key !== "function")
    throw invalid("rateLimit.key", "a function of the arguments", key);
  if (raiseOnLimit !== undefined && typeof raiseOnLimit !== "boolean")
    throw invalid("rateLimit.raiseOnLimit", "a boolean", raiseOnLimit);
  return options;
}

/** When the latest calls of each key began. A refused call uses nothing up. */
class SlidingWindow {
  readonly #byKey = new Map<string, number[]>();

  constructor(
    private readonly limit: number,
    private readonly window: number,
    private readonly mostKeys: number = MOST_KEYS,
  ) {}

  /** 0 if the call may begin, else the milliseconds until one may. */
  take(key: string, now: number): number {
    const begun = this.#current(key, now);
    const oldest = begun[0];
    if (oldest !== undefined && begun.length >= this.limit) return oldest + this.window - now;
    begun.push(now);
    return 0;
  }

  #current(key: string, now: number): number[] {
    const begun = this.#byKey.get(key) ?? [];
    const current = begun.findIndex((at) => at > now - this.window);
    begun.splice(0, current === -1 ? begun.length : current);
    this.#byKey.delete(key); // the map's order is the order of use
    this.#byKey.set(key, begun);
    if (this.#byKey.size > this.mostKeys) this.#forgetOldest();
    return begun;
  }

  #forgetOldest(): void {
    const [oldest] = this.#byKey.keys();
    if (oldest !== undefined) this.#byKey.delete(oldest);
  }
}
