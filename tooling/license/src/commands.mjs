import { readFileSync, writeFileSync } from "node:fs";
import { isSigned, makeKey, sign, unwrap, wrap } from "./token.mjs";

/** The command was given wrongly, or what it names cannot be used. */
export class UsageError extends Error {}

const PLANS = ["monthly", "annual"];

/** Options that each command takes, and whether they are needed. */
export const COMMANDS = {
  keys: { run: keys, needed: ["kid", "out"], optional: ["note"], files: 0 },
  issue: {
    run: issue,
    needed: ["key", "customer", "org", "plan", "expires"],
    optional: ["issued-at", "out", "json"],
    files: 0,
  },
  show: { run: show, needed: [], optional: [], files: 1 },
  verify: { run: verify, needed: ["key"], optional: ["at"], files: 1 },
};

/** Makes a key pair, and answers the half that a release build pins. */
function keys({ kid, out, note }) {
  const key = makeKey(kid, note);
  write(out, `${JSON.stringify(key, null, 2)}\n`, { mode: 0o600, flag: "wx" });
  return say(JSON.stringify({ kid, publicKey: key.publicKey }));
}

function issue({ key, customer, org, plan, expires, "issued-at": issuedAt = today(), out, json }) {
  if (!PLANS.includes(plan)) throw new UsageError(`--plan must be one of ${PLANS.join(", ")}`);
  checkDay("--expires", expires);
  checkDay("--issued-at", issuedAt);
  if (expires < issuedAt) throw new UsageError("--expires must not be before --issued-at");
  const payload = { customer_id: customer, org, tier: "PRO", plan, issued_at: issuedAt, expires };
  const envelope = sign(payload, readKey(key, "seed"));
  const token = json ? JSON.stringify(envelope) : wrap(envelope);
  if (out === undefined) return say(token);
  write(out, `${token}\n`, { mode: 0o644 });
  return say(`wrote ${out}`);
}

function show(_, [file]) {
  const { payload, kid, alg } = readToken(file);
  return say(JSON.stringify({ alg, kid, ...payload }, null, 2));
}

/** Ends with 1 for a licence that is refused. */
function verify({ key, at = today() }, [file]) {
  checkDay("--at", at);
  const envelope = readToken(file);
  const { payload } = envelope;
  if (!isSigned(envelope, readKey(key, "publicKey"))) return refuse("its signature is wrong for this key");
  if (!isDay(payload.expires)) return refuse("its last day is no day");
  if (payload.expires < at) return refuse(`it expired on ${payload.expires}`);
  return say(`valid until the end of ${payload.expires} UTC for ${payload.org}`);
}

function readKey(file, part) {
  const key = parse(file, JSON.parse);
  if (Buffer.from(String(key?.[part]), "base64").length === 32) return key;
  throw new UsageError(`${file} is no key: it has no ${part} of 32 bytes`);
}

function readToken(file) {
  return parse(file, unwrap);
}

function parse(file, read) {
  const text = readText(file);
  try {
    return read(text);
  } catch {
    throw new UsageError(`${file} does not hold what it should`); // the cause would quote it
  }
}

function readText(file) {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${error.code}`);
  }
}

function write(file, text, options) {
  try {
    writeFileSync(file, text, options);
  } catch (error) {
    const why = error.code === "EEXIST" ? "it exists, and a key is never overwritten" : error.code;
    throw new UsageError(`cannot write ${file}: ${why}`);
  }
}

function checkDay(option, day) {
  if (!isDay(day)) throw new UsageError(`${option} must be a day, YYYY-MM-DD`);
}

function isDay(day) {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}

function today() {
  return new Date().toISOString().slice(0, 10);
}

function say(output) {
  return { output, code: 0 };
}

function refuse(reason) {
  return { output: `refused: ${reason}`, code: 1 };
}
