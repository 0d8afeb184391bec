import { defineEvent, type EventDefinition } from "../telemetry/event.js";

interface Change {
  actor: string;
  reason: string | undefined;
  at: string;
}

const change = (name: string, help: string): EventDefinition<Change> =>
  defineEvent<Change>()(name, { level: "warning", journal: true, help });

export const killSwitchActivated: EventDefinition<Change> = change(
  "system_control.kill_switch_activated",
  "Baldur was disabled: protected functions run once, directly",
);
export const killSwitchDeactivated: EventDefinition<Change> = change(
  "system_control.kill_switch_deactivated",
  "Baldur was enabled again",
);
export const dryRunEnabled: EventDefinition<Change> = change(
  "system_control.dry_run_enabled",
  "decisions are made and reported, and not applied",
);
export const dryRunDisabled: EventDefinition<Change> = change(
  "system_control.dry_run_disabled",
  "decisions are applied again",
);

export const stateUnreadable: EventDefinition<{ error: string }> = defineEvent<{ error: string }>()(
  "system_control.state_unreadable",
  {
    level: "warning",
    help: "the stored state cannot be read; the last known one, or enabled and live, is in force",
  },
);

export const persistFailed: EventDefinition<{ error: string }> = defineEvent<{ error: string }>()(
  "system_control.persist_failed",
  {
    level: "error",
    journal: true,
    help: "a change is in force in this process and could not be stored; tried again",
  },
);
