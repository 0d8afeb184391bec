// The payment gateway: a process of its own, so that it can really be killed.
import { createServer } from "node:http";
import { serveParent } from "./worker.mjs";

const BIND_ATTEMPTS = 50;
const BIND_WAIT = 100;

const [port, firstMode] = process.argv.slice(2);
let mode = firstMode;
let reached = 0;

const answers = {
  normal: (response) => setTimeout(() => reply(response, 200, {}), latency(reached)),
  hang: () => {},
  limit: (response) => reply(response, 429, { "retry-after": "1" }),
};

const server = createServer((request, response) => {
  reached += 1;
  request.resume();
  answers[mode](response);
});

const parent = serveParent(changeMode);
server.once("listening", () => parent.ready(server.address().port));
bind(BIND_ATTEMPTS);

/** 11 to 19 ms, always in the same order. */
function latency(call) {
  return 11 + ((call * 7) % 9);
}

function reply(response, status, headers) {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify({ charge: reached, mode }));
}

/** Answers how many calls reached the gateway in the mode that ends. */
function changeMode(next) {
  const before = reached;
  mode = next;
  reached = 0;
  return before;
}

/** After a kill somebody else may hold the port for a moment. */
function bind(attempts) {
  server.once("error", (error) => {
    if (error.code !== "EADDRINUSE" || attempts === 0) throw error;
    setTimeout(bind, BIND_WAIT, attempts - 1);
  });
  server.listen(Number(port), "127.0.0.1");
}
