import { defineEvent, type EventDefinition, type EventOptions } from "@baldur/core/plugin";

function event<P extends object>(name: string, options: EventOptions): EventDefinition<P> {
  return defineEvent<P>()(name, options);
}

interface Trouble {
  address: string;
  /** What kind of error: `ECONNREFUSED`, `timeout`, `28P01`. Never its words, which may quote what was sent. */
  error: string;
}

export const connectionOpened: EventDefinition<{ address: string }> = event("sql.connection_opened", {
  level: "info",
  always: true,
  help: "Postgres is in use; once per boot",
});

export const connectionUnavailable: EventDefinition<Trouble> = event("sql.connection_unavailable", {
  level: "warning",
  help: "Postgres could not be used at the start; it is tried on",
});

export const connectionLost: EventDefinition<Trouble> = event("sql.connection_lost", {
  level: "warning",
  journal: true,
  help: "Postgres was in use and is away; statements are refused at once until it is back",
});

export const connectionRecovered: EventDefinition<{ address: string; after: number }> = event(
  "sql.connection_recovered",
  { level: "info", journal: true, help: "Postgres is back, after so many milliseconds" },
);

export const writesRefused: EventDefinition<Trouble> = event("sql.writes_refused", {
  level: "error",
  journal: true,
  help: "Postgres is there and takes no writes: it is read-only (25006), or its disk is full (53100)",
});

export const writesAccepted: EventDefinition<{ address: string; after: number }> = event(
  "sql.writes_accepted",
  { level: "info", journal: true, help: "Postgres takes writes again, after so many milliseconds" },
);

export const idleConnectionLost: EventDefinition<Trouble> = event("sql.idle_connection_lost", {
  level: "debug",
  help: "a connection that nobody used was cut; the next one is made when it is needed",
});

export const subscriptionLost: EventDefinition<Trouble> = event("sql.subscription_lost", {
  level: "info",
  help: "the connection that notifications arrive on is gone, or could not be made; they are missed until it is there",
});

export const subscriptionRecovered: EventDefinition<{ address: string; after: number }> = event(
  "sql.subscription_recovered",
  { level: "info", help: "notifications arrive again, after so many milliseconds" },
);

export const listenerFailed: EventDefinition<{ listener: string; error: string }> = event(
  "sql.listener_failed",
  { level: "warning", help: "a listener threw; the others were told all the same" },
);

export const migrationApplied: EventDefinition<{ id: string }> = event("sql.migration_applied", {
  level: "info",
  journal: true,
  help: "a step of the schema was run; by one process of all, once",
});

export const rollbackFailed: EventDefinition<{ error: string }> = event("sql.rollback_failed", {
  level: "warning",
  help: "a transaction could not be rolled back by its client; the error that it was to be rolled back for is kept",
});

export const transactionElsewhere: EventDefinition<{ address: string; transaction: string }> = event(
  "sql.transaction_elsewhere",
  {
    level: "warning",
    help: "a transaction is on another database or user than Baldur's, whose records are therefore not part of it; told once",
  },
);
