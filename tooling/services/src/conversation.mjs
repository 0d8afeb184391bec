import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { decodeAll, encode } from "./resp.mjs";

export const HOST = "127.0.0.1";
const TIMEOUT = 2000;
/** Protocol 3.0. */
const POSTGRES_VERSION = 196_608;

/** Sends bytes, and returns all that the server answers until it hangs up or `isComplete` says that it is enough. */
function converse({ port, tls }, bytes, isComplete = () => false) {
  return new Promise((resolve, reject) => {
    let answer = Buffer.alloc(0);
    const socket = tls === undefined ? connect(port, HOST) : connectTls({ port, host: HOST, ...tls });
    socket.setTimeout(TIMEOUT, () => socket.destroy(new Error(`no answer on port ${port}`)));
    socket.on("data", (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      if (isComplete(answer)) socket.destroy();
    });
    socket.once("error", reject);
    socket.once("close", () => resolve(answer));
    socket.write(bytes);
  });
}

/**
 * One command over a connection of its own; returns its answer, or throws it when it is an error. `access` is a port, and
 * where the server asks for them a `password` and what `tls.connect` needs.
 */
export async function redisCommand({ port, password, tls }, ...command) {
  const commands = password === undefined ? [command] : [["AUTH", password], command];
  const isComplete = (bytes) => decodeAll(bytes).length === commands.length;
  const answers = decodeAll(await converse({ port, tls }, commands.map(encode).join(""), isComplete));
  const error = answers.find((answer) => answer instanceof Error);
  if (error !== undefined) throw error;
  if (answers.length < commands.length) throw new Error(`Redis on port ${port} hung up without an answer`);
  return answers.at(-1);
}

/** One SQL query as the user `postgres`; returns the first column of its last row. */
export async function postgresQuery(port, sql) {
  const answer = await converse(
    { port },
    Buffer.concat([startup(), message("Q", `${sql}\0`), message("X", "")]),
  );
  let value;
  for (const { type, body } of messages(answer)) {
    if (type === "E") throw new Error(`Postgres answered ${body.toString().split("\0").join(" ")}`);
    if (type === "D") value = body.toString("utf8", 6, 6 + body.readInt32BE(2)); // after the count of columns
  }
  if (value === undefined) throw new Error("Postgres answered without a row");
  return value;
}

function startup() {
  const text = "user\0postgres\0database\0postgres\0\0";
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + text.length, 0);
  head.writeInt32BE(POSTGRES_VERSION, 4);
  return Buffer.concat([head, Buffer.from(text)]);
}

function message(type, text) {
  const body = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeInt32BE(length.length + body.length, 0);
  return Buffer.concat([Buffer.from(type), length, body]);
}

function* messages(bytes) {
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    yield { type: String.fromCharCode(bytes[at]), body: bytes.subarray(at + 5, end) };
    at = end;
  }
}
