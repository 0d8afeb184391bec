import type { Baldur } from "@baldur/core";
import type { PluginTelemetry } from "@baldur/core/plugin";

/** What a runtime reports by: its public type shows who listens only. */
export function telemetryOf({ telemetry }: Baldur): PluginTelemetry {
  return telemetry as unknown as PluginTelemetry;
}
