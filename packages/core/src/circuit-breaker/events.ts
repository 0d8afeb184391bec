import { defineEvent, type EventDefinition } from "../telemetry/event.js";

interface Transitioned {
  name: string;
  previous_state: string;
  trigger: string;
}

export const circuitOpened: EventDefinition<
  Transitioned & {
    failures: number;
    slow: number;
    rate_limited: number;
    calls: number;
    consecutive_failures: number;
  }
> = defineEvent<
  Transitioned & {
    failures: number;
    slow: number;
    rate_limited: number;
    calls: number;
    consecutive_failures: number;
  }
>()("circuit_breaker.opened", { level: "warning", family: "cb", journal: true, help: "a circuit opened" });

export const circuitHalfOpened: EventDefinition<{ name: string; previous_state: string }> = defineEvent<{
  name: string;
  previous_state: string;
}>()("circuit_breaker.half_opened", {
  level: "info",
  family: "cb",
  journal: true,
  help: "an open circuit admits probes",
});

export const circuitClosed: EventDefinition<Transitioned & { trigger_replay: boolean }> = defineEvent<
  Transitioned & { trigger_replay: boolean }
>()("circuit_breaker.closed", { level: "warning", family: "cb", journal: true, help: "a circuit closed" });

export const manualOverrideSet: EventDefinition<{
  name: string;
  state: string;
  actor: string;
  reason: string;
  ttl: number | undefined;
}> = defineEvent<{ name: string; state: string; actor: string; reason: string; ttl: number | undefined }>()(
  "circuit_breaker.manual_override_set",
  {
    level: "warning",
    family: "cb",
    journal: true,
    help: "an operator pinned a circuit, or let it go (state auto)",
  },
);

export const manualOverrideExpired: EventDefinition<{ name: string; previous_state: string }> = defineEvent<{
  name: string;
  previous_state: string;
}>()("circuit_breaker.manual_override_expired", {
  level: "warning",
  family: "cb",
  journal: true,
  help: "a manual pin reached its end",
});

export const blockedByKillSwitch: EventDefinition<{ name: string; action: string; actor: string }> =
  defineEvent<{
    name: string;
    action: string;
    actor: string;
  }>()("circuit_breaker.blocked_kill_switch_active", {
    level: "warning",
    family: "cb",
    journal: true,
    help: "a manual action was refused because Baldur is disabled",
  });

export const killSwitchOverridden: EventDefinition<{ name: string; action: string; actor: string }> =
  defineEvent<{
    name: string;
    action: string;
    actor: string;
  }>()("circuit_breaker.kill_switch_override", {
    level: "warning",
    family: "cb",
    journal: true,
    help: "a manual action was carried out although Baldur is disabled",
  });

export const manualActionInDryRun: EventDefinition<{ name: string; action: string; actor: string }> =
  defineEvent<{
    name: string;
    action: string;
    actor: string;
  }>()("circuit_breaker.manual_action_in_dry_run", {
    level: "warning",
    family: "cb",
    journal: true,
    help: "a manual action was carried out during a dry run",
  });

export const rateLimitCascadeDetected: EventDefinition<{
  name: string;
  rate_limited: number;
  calls: number;
  rate_percent: number;
}> = defineEvent<{ name: string; rate_limited: number; calls: number; rate_percent: number }>()(
  "circuit_breaker.rate_limit_cascade_detected",
  { level: "warning", family: "cb", journal: true, help: "so many answers 429 that the circuit opens" },
);

export const optionsConflict: EventDefinition<{ name: string }> = defineEvent<{ name: string }>()(
  "circuit_breaker.options_conflict",
  {
    level: "warning",
    family: "cb",
    help: "a later call gave other options for this name; the first ones hold",
  },
);

export const rateTriggerUnreachable: EventDefinition<{
  name: string;
  minimum_calls: number;
  sliding_window_size: number;
  remedy: string;
}> = defineEvent<{ name: string; minimum_calls: number; sliding_window_size: number; remedy: string }>()(
  "circuit_breaker.config_rate_trigger_unreachable",
  {
    level: "warning",
    family: "cb",
    help: "the window is smaller than the calls it must hold; its size is used",
  },
);

export const overflowing: EventDefinition<{ limit: number }> = defineEvent<{ limit: number }>()(
  "circuit_breaker.overflow_in_use",
  {
    level: "warning",
    family: "cb",
    help: "all breakers are busy at the limit, so further names share one breaker (reported once)",
  },
);
