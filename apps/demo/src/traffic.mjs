import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const RATE = 60;
const INTERVAL = 1000 / RATE;
const PATIENCE = 5000;
const RESEND_WAIT = 100;

/** The client need not do anything more for it. */
export const isAcknowledged = ({ status }) => status === 200 || status === 202;

/**
 * Sends orders on a fixed schedule, whether or not earlier ones were answered. Latency counts from the scheduled time,
 * so that a client that falls behind does not hide a slow shop. An order that gets no answer is sent again.
 */
export function startTraffic(ports) {
  const agent = new Agent({ keepAlive: true });
  const startedAt = Date.now();
  const start = performance.now();
  const elapsed = () => performance.now() - start;
  const orders = [];
  const pending = [];
  let late = 0;
  const sendDue = () => {
    const now = elapsed();
    late = Math.max(late, now - orders.length * INTERVAL);
    for (let due = orders.length * INTERVAL; due <= now; due = orders.length * INTERVAL) {
      const order = { id: orders.length + 1, due, sent: 0, status: undefined, latency: undefined };
      orders.push(order);
      pending.push(place(order, { ports, agent, elapsed }));
    }
  };
  const timer = setInterval(sendDue, INTERVAL);
  const stop = async () => {
    clearInterval(timer);
    await Promise.all(pending);
    agent.destroy();
  };
  return { startedAt, orders, stop, elapsed, late: () => late };
}

/** Until it is answered; status 0 when the client has lost its patience. */
async function place(order, { ports, agent, elapsed }) {
  let status = 0;
  while (status === 0 && elapsed() - order.due < PATIENCE) {
    if (order.sent > 0) await sleep(RESEND_WAIT);
    const port = ports[(order.id + order.sent) % ports.length]; // another shop, if there is one
    order.sent += 1;
    status = await send(order, { port, agent, timeout: PATIENCE });
  }
  order.latency = elapsed() - order.due;
  order.status = status;
}

function send({ id }, connection) {
  return new Promise((resolve) => {
    const options = { ...connection, host: "127.0.0.1", method: "POST", path: "/orders" };
    const call = request(options, (response) => {
      response.resume().on("end", () => resolve(response.statusCode));
      response.on("close", () => resolve(0));
    });
    call.on("timeout", () => call.destroy());
    call.on("error", () => resolve(0));
    call.end(JSON.stringify({ orderId: id, amount: 4200 }));
  });
}
