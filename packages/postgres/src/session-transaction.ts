import { AdapterError } from "@baldur/core";
import type { SqlConnection } from "@baldur/core/plugin";
import type { Session } from "./session.js";

/**
 * Runs the work in a transaction of its own. Postgres ends it, too, when a statement takes longer than `timeout` milliseconds
 * or nothing is asked for so long: the process that holds its locks may have been stopped.
 */
export async function inTransaction<T>(
  session: Session,
  work: (connection: SqlConnection) => Promise<T>,
  timeout: number,
): Promise<T> {
  await session.command(beginning(Math.ceil(timeout)));
  let value: T;
  try {
    value = await work(session);
  } catch (error) {
    // A connection that is broken is given up, and with it the transaction.
    if (!session.broken) await session.command("rollback").catch(() => undefined);
    throw error;
  }
  if ((await session.command("commit")) === "COMMIT") return value;
  throw new AdapterError(
    "the transaction was rolled back: a statement in it had failed, and was passed over",
  );
}

/** Until its end only: behind a pooler the connection is somebody else's next. */
function beginning(timeout: number): string {
  return `begin isolation level read committed;
set local statement_timeout = ${timeout};
set local idle_in_transaction_session_timeout = ${timeout}`;
}
