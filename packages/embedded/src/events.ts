import { defineEvent, type EventDefinition } from "@baldur/core/plugin";

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
