// The shop: charges every order through the gateway. 201 = charged, 202 = accepted only, 502 = lost.
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { gatewayClient, plainPayment, protectedPayment } from "./payment.mjs";
import { serveParent } from "./worker.mjs";

const [variant, gatewayPort] = process.argv.slice(2);
const STATUS = { charged: 201, accepted: 202 };
let attempts = 0;

const parent = serveParent(() => attempts);
const charge = gatewayClient(gatewayPort, () => {
  attempts += 1;
});
const pay = variant === "protected" ? await protectedPayment(charge, parent.tell) : plainPayment(charge);

const server = createServer(async (request, response) => {
  try {
    const result = await pay(await json(request));
    answer(response, STATUS[result.status], result);
  } catch (error) {
    answer(response, 502, { status: "failed", reason: error.message });
  }
});
server.listen(0, "127.0.0.1", () => parent.ready(server.address().port));

function answer(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
