import type { AnyFunction } from "../call.js";
import type { HotClock } from "../clock.js";
import { type AsyncDecorator, type Decorator, decorator } from "../decorate.js";
import { withoutStack } from "../errors.js";
import { interventionSuppressed } from "../pipeline/events.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { RateLimitExceededError } from "./errors.js";
import * as events from "./events.js";
import { FleetLimiter } from "./fleet-limiter.js";
import * as metrics from "./metrics.js";
import { type FleetRateLimitOptions, fleetRule, type RateLimitOptions, validate } from "./options.js";
import { SlidingWindow } from "./sliding-window.js";
import type { RateLimitStore } from "./store.js";
import { MemoryRateLimitStore } from "./stores/memory.js";

export interface RateLimitServices {
  readonly clock: HotClock;
  readonly telemetry: TelemetryHub;
  /** The gate is switched on. */
  readonly enabled: boolean;
  /** 0 active, 1 dry run, 2 disabled. */
  readonly control: { readonly mode: number };
  /** Where the calls of the fleet are counted. Without one, the fleet is this process. */
  readonly store?: RateLimitStore | undefined;
}

/** The gate `rateLimit`. @public */
export interface RateLimit {
  (options: FleetRateLimitOptions): AsyncDecorator;
  (options: RateLimitOptions): Decorator;
}

type Services = () => RateLimitServices;

const DEFAULT_WINDOW = 60_000;
const SHARED_KEY = "*";

/** Makes the gate `rateLimit`: every function that it wraps has budgets of its own, or one named budget of the fleet. */
export function rateLimitGate(services: Services): RateLimit {
  const gate = (options: RateLimitOptions | FleetRateLimitOptions): Decorator => {
    const given = validate(options);
    const wrap = given.scope === "fleet" ? ofTheFleet(services, given) : ofTheProcess(services, given);
    return decorator(wrap, "rateLimit");
  };
  return gate as RateLimit;
}

function ofTheProcess(services: Services, options: RateLimitOptions): (fn: AnyFunction) => AnyFunction {
  const { maxRequests, window = DEFAULT_WINDOW } = options;
  return (fn) => {
    const limiter = new SlidingWindow(maxRequests, window);
    return function limited(this: unknown, ...args: unknown[]): unknown {
      const runtime = services();
      if (isOff(runtime)) return fn.apply(this, args);
      const key = keyOf(options, args);
      const wait = limiter.take(key, runtime.clock.monotonic());
      const passes = wait === 0 || toldOnly(runtime, fn, maxRequests);
      return passes ? fn.apply(this, args) : refuse(runtime, options, { key, wait, mode: "normal" });
    };
  };
}

function ofTheFleet(services: Services, options: FleetRateLimitOptions): (fn: AnyFunction) => AnyFunction {
  const rule = fleetRule(options, DEFAULT_WINDOW);
  const limiter = new FleetLimiter(rule);
  let own: RateLimitStore | undefined;
  return (fn) =>
    async function limited(this: unknown, ...args: unknown[]): Promise<unknown> {
      const runtime = services();
      if (isOff(runtime)) return fn.apply(this, args);
      const key = keyOf(options, args);
      const { clock } = runtime;
      if (runtime.store === undefined) own ??= new MemoryRateLimitStore(clock);
      const store = runtime.store ?? (own as RateLimitStore);
      const answer = limiter.take(key, { store, clock });
      const wait = typeof answer === "number" ? answer : await answer;
      const mode = store.available ? "normal" : "emergency";
      const passes = wait === 0 || toldOnly(runtime, fn, rule.limit);
      return passes ? fn.apply(this, args) : refuse(runtime, options, { key, wait, mode });
    };
}

function isOff({ enabled, control }: RateLimitServices): boolean {
  return !enabled || control.mode === 2;
}

function keyOf({ key }: RateLimitOptions | FleetRateLimitOptions, args: readonly unknown[]): string {
  return key === undefined ? SHARED_KEY : String(key(...args));
}

/** In a dry run a call that would be refused is told, and made. */
function toldOnly({ control, telemetry }: RateLimitServices, fn: AnyFunction, limit: number): boolean {
  if (control.mode !== 1) return false;
  const detail = `the limit of ${limit} would have refused`;
  telemetry.report(interventionSuppressed, { name: fn.name, intervention: "rate_limit", detail });
  return true;
}

interface Refusal {
  readonly key: string;
  /** Milliseconds. */
  readonly wait: number;
  readonly mode: "normal" | "emergency";
}

function refuse(
  { telemetry, clock }: RateLimitServices,
  { maxRequests, window = DEFAULT_WINDOW, raiseOnLimit = true }: RateLimitOptions | FleetRateLimitOptions,
  { key, wait, mode }: Refusal,
): undefined {
  telemetry.counter(metrics.exceededTotal).cell(mode).add();
  telemetry.report(events.requestBlocked, { key, limit: maxRequests, window });
  if (!raiseOnLimit) return undefined;
  throw withoutStack(createError, { key, maxRequests, window, resetAt: clock.now() + wait });
}

function createError(facts: {
  key: string;
  maxRequests: number;
  window: number;
  resetAt: number;
}): RateLimitExceededError {
  return new RateLimitExceededError(facts.key, facts.maxRequests, facts.window, new Date(facts.resetAt));
}
