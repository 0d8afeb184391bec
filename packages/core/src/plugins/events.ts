import { defineEvent, type EventDefinition } from "../telemetry/event.js";

interface Failed {
  name: string;
  error: string;
}

export const pluginInert: EventDefinition<{ name: string; reason: string }> = defineEvent<{
  name: string;
  reason: string;
}>()("plugins.plugin_inert", {
  level: "info",
  always: true,
  help: "a plugin is installed and does nothing, because its entitlement is not active; once per boot",
});

export const duplicateIgnored: EventDefinition<{ name: string }> = defineEvent<{ name: string }>()(
  "plugins.duplicate_ignored",
  { level: "info", help: "a plugin was given again under the same name; the first one holds" },
);

export const discoveryFailed: EventDefinition<Failed> = defineEvent<Failed>()("plugins.discovery_failed", {
  level: "warning",
  help: "a package that is installed as a plugin could not be loaded; the runtime goes on without it",
});

export const registrationFailed: EventDefinition<Failed> = defineEvent<Failed>()(
  "plugins.registration_failed",
  {
    level: "warning",
    help: "a plugin failed to register; all that it registered is taken back",
  },
);

export const startFailed: EventDefinition<Failed> = defineEvent<Failed>()("plugins.start_failed", {
  level: "warning",
  help: "a plugin failed to start; all that it registered is taken back",
});

export const backgroundFailed: EventDefinition<Failed & { loop: string }> = defineEvent<
  Failed & { loop: string }
>()("plugins.background_failed", {
  level: "warning",
  help: "a plugin's background loop threw and is not run again",
});

export const closeFailed: EventDefinition<Failed> = defineEvent<Failed>()("plugins.close_failed", {
  level: "warning",
  help: "a plugin did not close, or not in time",
});

/** A licence as events tell of it. */
interface Term {
  org: string | undefined;
  plan: string | undefined;
  expires: string | undefined;
}

export const tokenValidated: EventDefinition<Term> = defineEvent<Term>()("entitlement.token_validated", {
  level: "info",
  help: "an entitlement is active; told at boot, and when it becomes active later",
});

export const tokenInvalid: EventDefinition<{ reason: string }> = defineEvent<{ reason: string }>()(
  "entitlement.token_invalid",
  {
    level: "warning",
    help: "an entitlement is invalid or expired; plugins that carry it stay inert, or run on until the next start",
  },
);

export const tokenMissing: EventDefinition<{ reason: string }> = defineEvent<{ reason: string }>()(
  "entitlement.token_missing",
  { level: "info", help: "plugins are installed that need an entitlement, and none is set" },
);

export const expiresSoon: EventDefinition<Term & { days: number }> = defineEvent<Term & { days: number }>()(
  "entitlement.expires_soon",
  {
    level: "warning",
    always: true,
    help: "an entitlement ends within 14 days; told at boot and once a day, 0 on the last day",
  },
);

export const statusChanged: EventDefinition<{ from: string; to: string }> = defineEvent<{
  from: string;
  to: string;
}>()("entitlement.status_changed", {
  level: "info",
  always: true,
  help: "the daily check of an entitlement came to another verdict, which takes effect at the next start",
});
