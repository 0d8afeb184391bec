import { connect } from "node:net";

export const HOST = "127.0.0.1";
const TIMEOUT = 2000;
/** Protocol 3.0. */
const POSTGRES_VERSION = 196_608;

/** Sends bytes that end with a farewell, and returns all that the server answers until it hangs up. */
function converse(port, bytes) {
  return new Promise((resolve, reject) => {
    const answer = [];
    const socket = connect(port, HOST, () => socket.write(bytes));
    socket.setTimeout(TIMEOUT, () => socket.destroy(new Error(`no answer on port ${port}`)));
    socket.on("data", (chunk) => answer.push(chunk));
    socket.once("error", reject);
    socket.once("close", () => resolve(Buffer.concat(answer)));
  });
}

/** One inline command without spaces in its arguments; returns the raw answer. */
export async function redisCommand(port, command) {
  const answer = (await converse(port, `${command}\r\nQUIT\r\n`)).toString();
  if (!answer.endsWith("+OK\r\n") || answer.startsWith("-")) throw new Error(`Redis answered ${answer}`);
  return answer.slice(0, -"+OK\r\n".length).trim();
}

/** One SQL query as the user `postgres`; returns the first column of its last row. */
export async function postgresQuery(port, sql) {
  const answer = await converse(port, Buffer.concat([startup(), message("Q", `${sql}\0`), message("X", "")]));
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
