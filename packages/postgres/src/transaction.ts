import { AdapterError, ConfigurationError } from "@baldur/core";
import type { ClientBase, Pool, PoolClient } from "pg";
import { heard, isAmidTransaction, isPool } from "./client.js";
import { failureOf } from "./failure.js";
import { enclosing, Frame, runIn, scope } from "./scope.js";

/**
 * Runs `fn` in a transaction of this client of `pg`, or of one that the pool lends for it: committed when `fn` resolves,
 * rolled back when it rejects. Rejects with what `fn` rejected with, unchanged, or with the error of `pg` that kept the
 * transaction from beginning or from being committed; with `AdapterError` where Postgres rolled it back, because a statement
 * in it had failed.
 *
 * Within it, one with the same client or pool joins it: only the outermost commits. A client on which the host itself has
 * begun a transaction is joined too, and left for the host to commit. Rejects with `ConfigurationError` for a client that is
 * amid a transaction of code that is not its caller.
 *
 * What Baldur records meanwhile about work in `fn`, such as the completion of an idempotency key, becomes part of the
 * transaction where the client is connected to Baldur's database, as the same user.
 * @public
 */
export function withTransaction<T>(pool: Pool, fn: (client: PoolClient) => T | PromiseLike<T>): Promise<T>;
/** @public */
export function withTransaction<C extends ClientBase, T>(
  client: C,
  fn: (client: C) => T | PromiseLike<T>,
): Promise<T>;
export async function withTransaction<T>(
  target: Pool | ClientBase,
  fn: (client: PoolClient) => T | PromiseLike<T>,
): Promise<T> {
  for (const { client, source } of enclosing())
    if (client === target || source === target) return fn(client as PoolClient);
  return isPool(target) ? lent(target, fn) : begun(target, undefined, () => fn(target as PoolClient));
}

async function lent<T>(pool: Pool, fn: (client: PoolClient) => T | PromiseLike<T>): Promise<T> {
  const client = await pool.connect();
  client.on("error", heard);
  try {
    return await begun(client, pool, () => fn(client));
  } finally {
    client.removeListener("error", heard);
    client.release(isAmidTransaction(client)); // one that could not be ended is of no use to others
  }
}

async function begun<T>(client: ClientBase, source: unknown, work: () => T | PromiseLike<T>): Promise<T> {
  const { busy } = scope();
  if (busy.has(client))
    throw new ConfigurationError("client must not be amid a transaction of code that is not its caller");
  busy.add(client);
  try {
    const [parent] = enclosing();
    const frame = new Frame(client, source, parent);
    if (await isBegun(client)) return await joined(frame, work);
    await client.query("begin");
    return await ended(frame, work);
  } finally {
    busy.delete(client);
  }
}

/** Whether the host has begun one. */
async function isBegun(client: ClientBase): Promise<boolean> {
  if (!isAmidTransaction(client)) return false;
  await client.query(""); // an error is told before the state that it left, so the state may be an old one
  return isAmidTransaction(client);
}

/** The host has begun it, and nobody tells how it ends. */
async function joined<T>(frame: Frame, work: () => T | PromiseLike<T>): Promise<T> {
  try {
    return await runIn(frame, work);
  } finally {
    await frame.end("unknown", scope().observers);
  }
}

async function ended<T>(frame: Frame, work: () => T | PromiseLike<T>): Promise<T> {
  let value: T;
  try {
    value = await runIn(frame, work);
  } catch (error) {
    await rollBack(frame);
    throw error;
  }
  await commit(frame);
  return value;
}

/** Where it cannot be, the connection is gone, and Postgres does it by itself. */
async function rollBack(frame: Frame): Promise<void> {
  const { observers } = scope();
  try {
    await frame.client.query("rollback");
  } catch (error) {
    for (const observer of observers) observer.rollbackFailed(error);
  }
  await frame.end("rolled-back", observers);
}

async function commit(frame: Frame): Promise<void> {
  const { observers } = scope();
  let done: boolean;
  try {
    done = (await frame.client.query("commit")).command === "COMMIT";
  } catch (error) {
    await frame.end(failureOf(error).refused ? "rolled-back" : "unknown", observers);
    throw error;
  }
  await frame.end(done ? "committed" : "rolled-back", observers);
  if (!done)
    throw new AdapterError(
      "the transaction was rolled back: a statement in it had failed, and was passed over",
    );
}
