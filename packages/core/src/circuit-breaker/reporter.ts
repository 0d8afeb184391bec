import { interventionSuppressed } from "../pipeline/events.js";
import type { CounterCell } from "../telemetry/metric.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import type { CircuitRefusal } from "./errors.js";
import * as events from "./events.js";
import * as metrics from "./metrics.js";
import type { Effect } from "./transition.js";
import type { ManualControl } from "./types.js";
import type { WindowTotals } from "./window.js";

/** What a breaker held when its state changed. */
export interface TransitionFacts {
  readonly window: WindowTotals & { readonly consecutive: number };
  /** Milliseconds spent in the state that was left. */
  readonly openFor: number;
  readonly triggerReplay: boolean;
}

/** Turns what breakers do into events and metrics. */
export class CircuitReporter {
  constructor(private readonly telemetry: TelemetryHub) {}

  failures(name: string): CounterCell {
    return this.telemetry.counter(metrics.failuresTotal).cell(name);
  }

  blocked(name: string, reason: "open" | "half_open_full"): CounterCell {
    return this.telemetry.counter(metrics.blockedTotal).cell(name, reason);
  }

  suppressed({ name, state }: CircuitRefusal): void {
    this.telemetry.report(interventionSuppressed, {
      name,
      intervention: "circuit_breaker",
      detail: `circuit is ${state}`,
    });
  }

  report(name: string, effect: Effect, facts: TransitionFacts): void {
    switch (effect.kind) {
      case "opened":
        return this.#opened(name, effect, facts);
      case "closed":
        return this.#closed(name, effect, facts);
      case "half_opened":
        this.#count(name, "open", "half_open");
        return this.telemetry.report(events.circuitHalfOpened, { name, previous_state: "open" });
      case "pin_expired":
        return this.telemetry.report(events.manualOverrideExpired, {
          name,
          previous_state: effect.pin.state,
        });
      case "probe_reclaimed":
        return this.telemetry.counter(metrics.probesReclaimedTotal).cell(name).add(effect.count);
    }
  }

  manual(name: string, action: string, { actor, reason }: ManualControl, ttl: number | undefined): void {
    this.telemetry.report(events.manualOverrideSet, { name, state: action, actor, reason, ttl });
  }

  killSwitch(name: string, action: string, actor: string, overridden: boolean): void {
    const event = overridden ? events.killSwitchOverridden : events.blockedByKillSwitch;
    this.telemetry.report(event, { name, action, actor });
  }

  dryRunAction(name: string, action: string, actor: string): void {
    this.telemetry.report(events.manualActionInDryRun, { name, action, actor });
  }

  optionsConflict(name: string): void {
    this.telemetry.report(events.optionsConflict, { name });
  }

  rateTriggerUnreachable(name: string, minimumCalls: number, size: number): void {
    this.telemetry.report(events.rateTriggerUnreachable, {
      name,
      minimum_calls: minimumCalls,
      sliding_window_size: size,
      remedy: "lower minimumCalls or raise slidingWindowSize",
    });
  }

  evicted(count: number): void {
    this.telemetry.counter(metrics.evictedTotal).cell().add(count);
  }

  overflowing(limit: number): void {
    this.telemetry.report(events.overflowing, { limit });
  }

  #opened(
    name: string,
    { from, trigger }: Extract<Effect, { kind: "opened" }>,
    { window }: TransitionFacts,
  ): void {
    this.#count(name, from, "open");
    if (trigger !== "manual") this.telemetry.counter(metrics.tripsTotal).cell(name).add();
    const { calls, failures, slow, rateLimited: rate_limited } = window;
    if (trigger === "rate_limit_cascade") {
      const rate_percent = (100 * rate_limited) / calls;
      this.telemetry.report(events.rateLimitCascadeDetected, { name, rate_limited, calls, rate_percent });
    }
    const counts = { failures, slow, rate_limited, calls, consecutive_failures: window.consecutive };
    this.telemetry.report(events.circuitOpened, { name, previous_state: from, trigger, ...counts });
  }

  #closed(
    name: string,
    { from, trigger }: Extract<Effect, { kind: "closed" }>,
    facts: TransitionFacts,
  ): void {
    this.#count(name, from, "closed");
    this.telemetry
      .histogram(metrics.openDuration)
      .cell(name)
      .observe(facts.openFor / 1000);
    const trigger_replay = facts.triggerReplay || trigger === "recovery";
    this.telemetry.report(events.circuitClosed, { name, previous_state: from, trigger, trigger_replay });
  }

  #count(name: string, from: string, to: string): void {
    this.telemetry.counter(metrics.transitionsTotal).cell(name, from, to).add();
  }
}
