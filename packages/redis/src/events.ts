import { defineEvent, type EventDefinition, type EventOptions } from "@baldur/core/plugin";

function event<P extends object>(name: string, options: EventOptions): EventDefinition<P> {
  return defineEvent<P>()(name, options);
}

interface Trouble {
  address: string;
  /** What kind of error: `ECONNREFUSED`, `timeout`, `LOADING`. Never its words, which may quote what was sent. */
  error: string;
}

export const connectionOpened: EventDefinition<{ address: string }> = event("redis.connection_opened", {
  level: "info",
  always: true,
  help: "Redis is in use; once per boot",
});

export const connectionUnavailable: EventDefinition<Trouble> = event("redis.connection_unavailable", {
  level: "warning",
  help: "Redis was not reached within the probe's time at the start; it is tried on",
});

export const connectionLost: EventDefinition<Trouble> = event("redis.connection_lost", {
  level: "warning",
  journal: true,
  help: "Redis was in use and is away; commands are refused at once until it is back",
});

export const connectionRecovered: EventDefinition<{ address: string; after: number }> = event(
  "redis.connection_recovered",
  { level: "info", journal: true, help: "Redis is back, after so many milliseconds" },
);

export const writesRefused: EventDefinition<Trouble> = event("redis.writes_refused", {
  level: "error",
  journal: true,
  help: "Redis is there and does not do what it is asked: it is full, cannot save, has too few replicas, or does not allow it",
});

export const writesAccepted: EventDefinition<{ address: string; after: number }> = event(
  "redis.writes_accepted",
  { level: "info", journal: true, help: "Redis does again what it is asked, after so many milliseconds" },
);

export const authenticationRefused: EventDefinition<Trouble> = event("redis.authentication_refused", {
  level: "error",
  journal: true,
  help: "Redis is there and does not let this process in: a password or user is wrong or missing",
});

export const subscriptionLost: EventDefinition<Trouble> = event("redis.subscription_lost", {
  level: "warning",
  help: "the connection that messages arrive on is away; they are missed until it is back",
});

export const subscriptionRecovered: EventDefinition<{ address: string; after: number }> = event(
  "redis.subscription_recovered",
  { level: "info", help: "messages arrive again, after so many milliseconds" },
);

export const subscriptionRefused: EventDefinition<{ channel: string; error: string }> = event(
  "redis.subscription_refused",
  { level: "warning", help: "Redis does not let this process listen to a channel" },
);

export const listenerFailed: EventDefinition<{ listener: string; error: string }> = event(
  "redis.listener_failed",
  { level: "warning", help: "a listener threw; the others were told all the same" },
);

export const plainUrlIgnored: EventDefinition<{ used: string; ignored: string }> = event(
  "redis.plain_url_ignored",
  { level: "warning", help: "BALDUR_REDIS_URL and REDIS_URL are both set and differ; the first is in use" },
);
