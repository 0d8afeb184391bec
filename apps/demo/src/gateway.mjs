// The payment gateway: a process of its own, so that it can really be killed. It honours idempotency keys.
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { LedgerWriter } from "./ledger.mjs";
import { listen } from "./listen.mjs";
import { serveParent } from "./worker.mjs";

const [port, firstMode, ledgerPath] = process.argv.slice(2);
const ledger = new LedgerWriter(ledgerPath);
let mode = firstMode;
let reached = 0;

const answers = {
  normal: (response) => setTimeout(() => reply(response, 200, {}), latency(reached)),
  // The worst that a gateway can do: every second charge goes through, and nobody is told.
  hang: () => {},
  limit: (response) => reply(response, 429, { "retry-after": "1" }),
};
const charges = { normal: () => true, hang: () => reached % 2 === 0, limit: () => false };

const server = createServer(async (request, response) => {
  const order = await json(request).catch(() => undefined);
  if (order === undefined) return; // the shop died while it asked
  reached += 1;
  const key = request.headers["idempotency-key"];
  ledger.receive({ key, order: order.orderId, mode, charge: charges[mode]() });
  answers[mode](response);
});

const parent = serveParent(changeMode);
listen(server, port, parent.ready);

/** 11 to 19 ms, always in the same order. */
function latency(call) {
  return 11 + ((call * 7) % 9);
}

function reply(response, status, headers) {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify({ mode }));
}

function changeMode(next) {
  mode = next;
}
