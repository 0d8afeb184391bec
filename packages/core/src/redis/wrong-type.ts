import type { Clock } from "../clock.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { keyPutAside } from "./events.js";
import type { RedisClient } from "./redis.js";
import { putAside } from "./scripts.generated.js";

export interface WrongTypeParts {
  readonly client: RedisClient;
  readonly clock: Pick<Clock, "now">;
  readonly telemetry: Pick<TelemetryHub, "report">;
}

export type TypedKey = readonly [key: string, type: "string" | "hash" | "zset"];

/** Of the first pair of braces, as Redis reads it. */
const TAG = /^[^{]*\{[^}]+\}/;

/** Asks, and where one of these keys has another type than it is to have, puts that aside and asks once more. */
export function pastWrongTypes<T>(
  parts: WrongTypeParts,
  keys: readonly TypedKey[],
  ask: () => Promise<T>,
): Promise<T> {
  return ask().catch((error: unknown) => askAgain(parts, keys, ask, error));
}

/** After an answer that is an error: rejects with it where the type of no key is the cause. */
export async function askAgain<T>(
  parts: WrongTypeParts,
  keys: readonly TypedKey[],
  ask: () => Promise<T>,
  error: unknown,
): Promise<T> {
  if (!isWrongType(error)) throw error;
  for (const key of keys) await moveAway(parts, key);
  return ask();
}

export function isWrongType(error: unknown): boolean {
  return String((error as Error | undefined)?.message).includes("WRONGTYPE");
}

/** Of those who find it one moves it, and tells. */
async function moveAway({ client, clock, telemetry }: WrongTypeParts, [key, type]: TypedKey): Promise<void> {
  // In a cluster it stays in its place.
  const keptAs = `${TAG.test(key) ? key : `{${key}}`}:wrong-type-${clock.now()}`;
  const found = await client.run(putAside, [key, keptAs], [type]);
  if (found !== null)
    telemetry.report(keyPutAside, { key, expected: type, found: String(found), kept_as: keptAs });
}
