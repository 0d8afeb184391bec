// The shop: charges every order through the gateway. 200 = charged, 202 = will be charged, 503 = try again later.
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { listen } from "./listen.mjs";
import { gatewayClient, plainPayment, protectedPayment } from "./payment.mjs";
import { serveParent } from "./worker.mjs";

const [port, variant, gatewayPort] = process.argv.slice(2);
const STATUS = { charged: 200, accepted: 202 };
const load = { attempts: 0, inFlight: 0, replaying: 0, replayed: 0 };

const parent = serveParent((request) => (request === "console" ? openConsole() : load));
const charge = gatewayClient(gatewayPort, load);
const { pay, openConsole } =
  variant === "plain" ? plainPayment(charge) : await protectedPayment(charge, load, parent.tell);

const server = createServer(async (request, response) => {
  try {
    const status = await pay(await json(request));
    answer(response, STATUS[status], { status });
  } catch (error) {
    answer(response, 503, { status: "failed", reason: error.message });
  }
});
listen(server, port, parent.ready);

function answer(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
