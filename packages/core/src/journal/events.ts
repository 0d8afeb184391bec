import { defineEvent, type EventDefinition, type EventOptions } from "../telemetry/event.js";

/** None of them is kept in the journal: it would feed itself. */
function event<P extends object>(name: string, options: Omit<EventOptions, "journal">): EventDefinition<P> {
  return defineEvent<P>()(name, { ...options, journal: false });
}

export const appendFailed: EventDefinition<{ error: string; waiting: number }> = event(
  "journal.append_failed",
  {
    level: "warning",
    help: "the store did not take entries; they wait and are tried again, and this is told once until it takes some",
  },
);

export const entriesDropped: EventDefinition<{ cause: string; count: number }> = event(
  "journal.entries_dropped",
  {
    level: "warning",
    help: "entries that nobody will read: too many waited for the store (told once until it takes some; all are counted), or the process ended before it took them",
  },
);

export const pageFailed: EventDefinition<{ error: string }> = event("journal.page_failed", {
  level: "warning",
  help: "the store could not be read; the page has what this process has not handed over yet",
});

export const pruneFailed: EventDefinition<{ error: string }> = event("journal.prune_failed", {
  level: "warning",
  help: "entries that are old or too many are still there; tried again in an hour",
});

export const recordDamaged: EventDefinition<{ id: string }> = event("journal.record_damaged", {
  level: "warning",
  help: "a stored entry cannot be read and is left out; told once by each process",
});
