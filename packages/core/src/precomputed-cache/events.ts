import { defineEvent, type EventDefinition } from "../telemetry/event.js";

interface Served {
  readonly cache_key: string;
  readonly reason: string;
}

export const staleServed: EventDefinition<Served & { age: number }> = defineEvent<Served & { age: number }>()(
  "precomputed_cache.stale_served",
  {
    level: "warning",
    help: "an older answer is given, because no newer one can be made; once, until one can",
  },
);

export const staticFallbackServed: EventDefinition<Served> = defineEvent<Served>()(
  "precomputed_cache.static_fallback_served",
  { level: "warning", help: "there is no answer, and it says so; once, until there is one" },
);

export const entryInvalidated: EventDefinition<{ cache_key: string; reason: string }> = defineEvent<{
  cache_key: string;
  reason: string;
}>()("precomputed_cache.entry_invalidated", {
  level: "debug",
  help: "something happened that makes the kept answer wrong",
});

export const refreshFailed: EventDefinition<{ cache_key: string; error: string; failures: number }> =
  defineEvent<{ cache_key: string; error: string; failures: number }>()("precomputed_cache.refresh_failed", {
    level: "warning",
    help: "an answer could not be made; it is tried again, ever less often",
  });
