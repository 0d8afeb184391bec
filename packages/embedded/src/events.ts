import { defineEvent, type EventDefinition } from "@baldur/core/plugin";
import type { Loss } from "./place.js";

export const storeOpened: EventDefinition<{ folder: string }> = defineEvent<{ folder: string }>()(
  "embedded.store_opened",
  { level: "info", always: true, help: "where the state of this host is kept; once per boot" },
);

export const storeQuarantined: EventDefinition<{ file: string; kept_as: string; error: string }> =
  defineEvent<{
    file: string;
    kept_as: string;
    error: string;
  }>()("embedded.store_quarantined", {
    level: "error",
    always: true,
    journal: true,
    help: "the file of the embedded store is damaged; it was put aside and a new one begun",
  });

export const storeLost: EventDefinition<{ file: string; found: Loss }> = defineEvent<{
  file: string;
  found: Loss;
}>()("embedded.store_lost", {
  level: "error",
  always: true,
  journal: true,
  help: "the file of the embedded store was removed or replaced while it was in use; writes are refused until the process restarts",
});
