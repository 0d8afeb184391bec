import { Agent, request } from "node:http";

const RATE = 120;
const INTERVAL = 1000 / RATE;
const CLIENT_TIMEOUT = 5000;

/**
 * Sends orders on a fixed schedule, whether or not earlier ones were answered. Latency counts from the scheduled time,
 * so that a client that falls behind does not hide a slow shop.
 */
export function startTraffic(port) {
  const agent = new Agent({ keepAlive: true });
  const startedAt = Date.now();
  const start = performance.now();
  const orders = [];
  const pending = [];
  const sendDue = () => {
    const now = performance.now() - start;
    for (let due = orders.length * INTERVAL; due <= now; due = orders.length * INTERVAL) {
      const order = { id: orders.length + 1, due, status: undefined, latency: undefined };
      orders.push(order);
      pending.push(send(order, { port, agent, start }));
    }
  };
  const timer = setInterval(sendDue, INTERVAL);
  const stop = async () => {
    clearInterval(timer);
    await Promise.all(pending);
    agent.destroy();
    return orders;
  };
  return { startedAt, orders, stop, elapsed: () => performance.now() - start };
}

function send(order, { port, agent, start }) {
  return new Promise((resolve) => {
    const end = (status) => {
      order.latency ??= performance.now() - start - order.due;
      order.status ??= status;
      resolve();
    };
    const options = { port, agent, host: "127.0.0.1", method: "POST", path: "/orders" };
    const call = request({ ...options, timeout: CLIENT_TIMEOUT }, (response) => {
      response.resume().on("end", () => end(response.statusCode));
      response.on("close", () => end(0));
    });
    call.on("timeout", () => call.destroy());
    call.on("error", () => end(0));
    call.end(JSON.stringify({ id: order.id, amount: 4200 }));
  });
}
