import type { WithinOptions } from "@baldur/core/plugin";
/** What went wrong, as far as it matters here. */
export interface Failure {
  /** A word for logs and metrics: an SQLSTATE, the code of a system error, or one of ours. */
  readonly reason: string;
  /** Postgres answered, and this statement alone is refused. */
  readonly refused: boolean;
}

export const TIMEOUT: Failure = { reason: "timeout", refused: false };
export const CLOSED: Failure = { reason: "closed", refused: false };
/** Every connection of the pool is in use. */
export const BUSY: Failure = { reason: "busy", refused: false };
export const STOPPED: Failure = { reason: "stopped", refused: false };
/** A write in a session that may not write: of a standby, or by the settings of the server, the database or the role. */
export const READ_ONLY: Failure = { reason: "25006", refused: true };
export const DISK_FULL = "53100";

const SQLSTATE = /^[0-9A-Z]{5}$/;
/** Said by a server that goes down or comes up, and of connections. */
const OF_THE_SERVER = /^(08|57P0[1-5])/;

/** As `pg` says it; the first one also where its pool is not used up. */
const TIMEOUTS: readonly string[] = [
  "timeout exceeded when trying to connect",
  "timeout expired",
  "Connection terminated due to connection timeout",
];

/** Raised by a wait of ours that ended. */
export class Late extends Error {}

/** For those who wait for a connection of a pool that is given up. */
export class GivenUp extends Error {}

/** For waits of so many milliseconds, which end with `Late`. They keep the process alive: who waits for an answer gets one. */
export function waiting(limit: number): WithinOptions {
  return { late: () => new Late(`no answer within ${limit} ms`) };
}

/** The same where nobody waits. */
export function unawaited(limit: number): WithinOptions {
  return { ...waiting(limit), unref: true };
}

export function failureOf(error: unknown): Failure {
  const { code, message = "" } = error as { code?: unknown; message?: string };
  if (error instanceof Late || TIMEOUTS.includes(message)) return TIMEOUT;
  if (typeof code !== "string") return CLOSED;
  return { reason: code, refused: SQLSTATE.test(code) && !OF_THE_SERVER.test(code) };
}
