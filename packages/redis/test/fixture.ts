import { setTimeout as sleep } from "node:timers/promises";
import type { Clock, RedisClient } from "@baldur/core/plugin";
import { systemClock } from "@baldur/core/plugin";
import { type Given, openRedis } from "../src/open.js";
import { type RedisSettings, redisSettings } from "../src/settings.js";

const DEADLINE = 20_000;

interface Reported {
  readonly event: string;
  readonly [fact: string]: unknown;
}

/** What a client reported and counted. */
class Log {
  readonly events: Reported[] = [];
  readonly counts: Record<string, number> = {};

  readonly telemetry = {
    report: ({ name }: { name: string }, facts: object = {}) =>
      void this.events.push({ event: name, ...facts }),
    counter: () => ({
      cell: (reason: string) => ({ add: () => this.#set(reason, (this.counts[reason] ?? 0) + 1) }),
    }),
    gauge: ({ name }: { name: string }) => ({
      cell: () => ({ set: (value: number) => this.#set(name, value) }),
    }),
  } as never;

  names(): string[] {
    return this.events.map(({ event }) => event);
  }

  count(event: string): number {
    return this.names().filter((name) => name === event).length;
  }

  #set(name: string, value: number): void {
    this.counts[name] = value;
  }
}

const defaults = Object.fromEntries(
  Object.entries(redisSettings.fields).map(([key, field]) => [key, field.default]),
) as unknown as RedisSettings;

/** Clients of a test, closed with it. */
export class Clients implements AsyncDisposable {
  readonly log = new Log();
  readonly #open: RedisClient[] = [];

  constructor(private readonly clock: Clock = systemClock()) {}

  async open(given: string | Given, settings: Partial<RedisSettings> = {}): Promise<RedisClient> {
    const client = await openRedis({
      given: typeof given === "string" ? { option: "BALDUR_REDIS_URL", url: given } : given,
      settings: { ...defaults, socketTimeout: 1000, socketConnectTimeout: 1000, ...settings },
      clock: this.clock,
      telemetry: this.log.telemetry,
    });
    this.#open.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#open.map((client) => client.close()));
  }
}

/** Asks until the answer is yes; what throws is no answer. */
export async function until(what: string, test: () => unknown): Promise<void> {
  const end = performance.now() + DEADLINE;
  for (;;) {
    if (await holds(test)) return;
    if (performance.now() > end) throw new Error(`never came: ${what}`);
    await sleep(5);
  }
}

async function holds(test: () => unknown): Promise<boolean> {
  try {
    return Boolean(await test());
  } catch {
    return false; // not yet
  }
}

export const whenAvailable = (client: RedisClient): Promise<void> =>
  until("available", () => client.available);
export const whenAway = (client: RedisClient): Promise<void> => until("away", () => !client.available);

/** The error of a promise that must reject. */
export async function errorOf(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await promise;
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error("it did not reject");
}
