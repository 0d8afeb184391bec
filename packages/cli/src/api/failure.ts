import { CliError, EXIT, words } from "../errors.js";
import type { Answer, ControlApiOptions } from "./access.js";

const UNAUTHORIZED = 401;
const NOT_FOUND = 404;
const CLIENT_ERRORS = 400;
const SERVER_ERRORS = 500;

const NOBODY =
  "start the application with @baldur/admin installed (it listens on BALDUR_ADMIN_PORT, 9090 by default), or name where it is by --url or BALDUR_ADMIN_URL";

/** Nobody has answered. */
export function unreachable(error: unknown, { url, timeout }: ControlApiOptions): CliError {
  const { name, cause } = error as { name?: string; cause?: unknown };
  if (name === "TimeoutError") return new CliError(`${url} has not answered within ${timeout / 1000} s`);
  const codes = [cause, ...((cause as { errors?: unknown[] })?.errors ?? [])].map(
    (each) => (each as { code?: unknown })?.code,
  );
  if (codes.includes("ECONNREFUSED")) return new CliError(`nothing listens on ${url}`, { hint: NOBODY });
  if (codes.includes("ERR_SSL_WRONG_VERSION_NUMBER"))
    return new CliError(`what listens on ${url} does not speak TLS`, { hint: "is it http://?" });
  if (error instanceof SyntaxError) return notTheApi(url);
  return new CliError(`cannot reach ${url}: ${words(cause ?? error)}`, { hint: NOBODY });
}

/** Somebody has answered who is not the control API. */
export function notTheApi(url: string, status?: number): CliError {
  const answered = status === undefined ? "answers" : `answers ${status}`;
  const exitCode = status === undefined ? EXIT.failed : exitCodeOf(status) || EXIT.failed;
  const hint = "is --url right? In a web framework the API is below /api/baldur";
  return new CliError(`${url} ${answered}, and not as the control API does`, { exitCode, hint });
}

/** 0 for what was done, 2 for what was refused, 1 for what failed. */
export function exitCodeOf(status: number): number {
  if (status < CLIENT_ERRORS) return EXIT.ok;
  return status < SERVER_ERRORS ? EXIT.refused : EXIT.failed;
}

/** The server has refused, or failed. */
export function refused({ status, body }: Answer, { key }: Pick<ControlApiOptions, "key">): CliError {
  const { detail, message, title, code } = (body ?? {}) as Readonly<Record<string, unknown>>;
  const said = [detail, message, title, `status ${status}`].find(
    (text) => typeof text === "string" && text !== "",
  );
  const hint = hintOf(status, code, key !== undefined);
  return new CliError(String(said), { exitCode: exitCodeOf(status), body, hint });
}

function hintOf(status: number, code: unknown, hasKey: boolean): string | undefined {
  if (status === UNAUTHORIZED) {
    return hasKey
      ? "the key in BALDUR_ADMIN_KEY is not the server's"
      : "set BALDUR_ADMIN_KEY to the key that the server has";
  }
  if (code === "ORIGIN_BLOCKED") return "name the host in BALDUR_ADMIN_ALLOWED_ORIGINS of the server";
  if (code === "FORBIDDEN")
    return "to act needs BALDUR_ADMIN_KEY, not the read-only key; what is destructive needs BALDUR_ADMIN_UNLOCK=1 on the server too";
  return status === NOT_FOUND && code === "NOT_FOUND"
    ? "the part that serves this is not active; `baldur posture` says what is, and why. Or --url is not where the API begins"
    : undefined;
}
