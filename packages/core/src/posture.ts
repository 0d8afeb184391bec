import type { Entitlement } from "./plugins/entitlement.js";
import type { PluginRow } from "./plugins/row.js";
import { defineEvent, type EventDefinition } from "./telemetry/event.js";

/** What is active, inert or degraded in a runtime, and why. @public */
export interface Posture {
  readonly tier: "oss" | "pro";
  /** What state is kept in. */
  readonly storage: string;
  readonly storageMode: "normal" | "degraded" | "recovering";
  /** What exposes the metrics. */
  readonly metrics: string;
  readonly entitlement: Entitlement;
  readonly plugins: readonly PluginRow[];
  readonly degraded: readonly string[];
}

export const runtimePosture: EventDefinition<{
  tier: string;
  storage: string;
  metrics: string;
  started: boolean;
}> = defineEvent<{ tier: string; storage: string; metrics: string; started: boolean }>()(
  "baldur.runtime_posture",
  {
    level: "info",
    always: true,
    help: "how the runtime stands; once, when it starts or makes its first protected call",
  },
);

export const unknownVariable: EventDefinition<{ env_var: string; nearest: string | undefined }> =
  defineEvent<{
    env_var: string;
    nearest: string | undefined;
  }>()("baldur.unknown_env_var_detected", {
    level: "warning",
    help: "a BALDUR_ variable that nothing reads, and the known name nearest to it",
  });

export const configurationQuarantined: EventDefinition<{ problems: readonly string[] }> = defineEvent<{
  problems: readonly string[];
}>()("baldur.fatal_config_error_quarantine", {
  level: "critical",
  help: "settings break their rules; their defaults are in force",
});

export const runtimeAdopted: EventDefinition<object> = defineEvent<object>()("baldur.runtime_adopted", {
  level: "debug",
  help: "init() took over the runtime that a registration had started",
});
