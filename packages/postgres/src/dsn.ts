import { ConfigurationError } from "@baldur/core";

/** What a DSN says. */
export interface Dsn {
  readonly host?: string;
  readonly port?: number;
  readonly database?: string;
  readonly user?: string;
  readonly password?: string;
  readonly tls?: "off" | "verified" | "unverified";
  /** Parameters that are handed on as they are. */
  readonly parameters: Readonly<Record<string, string>>;
}

type Fail = (rule: string) => ConfigurationError;

const SHAPE = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is;
const DIALECTS: readonly string[] = ["postgres", "postgresql"];
/** What would fall back to plain text without a word is not among them. */
const TLS_MODES: Readonly<Record<string, Dsn["tls"]>> = {
  disable: "off",
  require: "verified",
  "verify-ca": "verified",
  "verify-full": "verified",
  "no-verify": "unverified",
};
const HANDED_ON: readonly string[] = [
  "application_name",
  "options",
  "statement_timeout",
  "lock_timeout",
  "idle_in_transaction_session_timeout",
];
const OWN: readonly string[] = ["host", "port", "sslmode"];
const HIGHEST_PORT = 65_535;

/**
 * Reads `postgres://user:password@host:port/database?sslmode=require`. Throws `ConfigurationError` that names the option and
 * the rule, and shows the DSN without what might be secret.
 */
export function parseDsn(option: string, dsn: string): Dsn {
  const fail: Fail = (rule) => new ConfigurationError(`${option} ${rule}; received ${redactDsn(dsn)}`);
  const url = take(dsn, fail);
  const query = Object.fromEntries(url.searchParams);
  const unknown = Object.keys(query).find((name) => !OWN.includes(name) && !HANDED_ON.includes(name));
  if (unknown !== undefined)
    throw fail(`must have no parameter ${unknown}: known are ${[...OWN, ...HANDED_ON].join(", ")}`);
  const tls = tlsOf(query["sslmode"], fail);
  return {
    ...present({
      host: query["host"] ?? decode(url.hostname.replace(/^\[|\]$/g, ""), fail),
      database: decode(url.pathname.slice(1), fail),
      user: decode(url.username, fail),
      password: decode(url.password, fail),
    }),
    ...portOf(query["port"] ?? url.port, fail),
    ...(tls !== undefined && { tls }),
    parameters: Object.fromEntries(Object.entries(query).filter(([name]) => HANDED_ON.includes(name))),
  };
}

/** The DSN as it may be shown. Everything before an @ goes, whatever it is, and so do parameters. */
export function redactDsn(dsn: string): string {
  const [, scheme, rest] = SHAPE.exec(dsn) ?? [];
  if (scheme === undefined || rest === undefined) return "***";
  const at = rest.lastIndexOf("@");
  const extra = rest.search(/[?#]/);
  if (extra !== -1 && extra < at) return `${scheme}://***`;
  const shown = extra === -1 ? rest : `${rest.slice(0, extra)}?***`;
  return at === -1 ? `${scheme}://${shown}` : `${scheme}://***@${shown.slice(at + 1)}`;
}

function take(dsn: string, fail: Fail): URL {
  const [, scheme, rest] = SHAPE.exec(dsn) ?? [];
  if (scheme === undefined || rest === undefined) throw fail("must be postgres://user@host:port/database");
  const [dialect = ""] = scheme.toLowerCase().split("+");
  if (!DIALECTS.includes(dialect))
    throw fail(`must be of the dialect postgres or postgresql: ${dialect} is not spoken`);
  const [authority = ""] = rest.split(/[/?#]/, 1);
  if (authority.replace(/^.*@/, "").includes(",")) throw fail("must name one host");
  // A user without a host, which the parameter names or libpq's default is.
  const whole = authority.endsWith("@") ? rest.replace("@", "@localhost") : rest;
  const unclear = "must be postgres://user@host:port/database, with special characters percent-encoded";
  const url = parsed(`postgres://${whole}`);
  if (url === undefined || /[@/]/.test(url.pathname.slice(1)) || url.hash !== "") throw fail(unclear);
  return url;
}

function parsed(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined; // its own error quotes the text
  }
}

function decode(text: string, fail: Fail): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw fail("must have names that can be decoded: a % is written %25");
  }
}

function portOf(text: string, fail: Fail): { port?: number } {
  if (text === "") return {};
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > HIGHEST_PORT)
    throw fail(`must have a port from 1 to ${HIGHEST_PORT}`);
  return { port };
}

function tlsOf(mode: string | undefined, fail: Fail): Dsn["tls"] {
  if (mode === undefined) return undefined;
  const tls = Object.hasOwn(TLS_MODES, mode) ? TLS_MODES[mode] : undefined;
  if (tls === undefined) throw fail(`must have an sslmode of ${Object.keys(TLS_MODES).join(", ")}`);
  return tls;
}

/** What is empty is not said. */
function present(values: Readonly<Record<string, string>>): Partial<Dsn> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
}
