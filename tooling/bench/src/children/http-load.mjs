// A small load generator: 64 connections that each keep one request in flight. It has to be faster than the server it loads, so it
// parses nothing: all answers to one path have the length of the first, and whole answers are counted.
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const CONNECTIONS = 64;
const HOST = "127.0.0.1";
const latencies = new Float64Array(1_000_000);

async function lengthOfAnswer(port, request) {
  const socket = connect(port, HOST);
  socket.write(request);
  const [answer] = await once(socket, "data");
  socket.destroy();
  if (!answer.toString("latin1").startsWith("HTTP/1.1 200 ")) throw new Error(`unexpected answer: ${answer}`);
  return answer.length;
}

/** Requests, seconds, and the milliseconds that 99 % of the answers took at most. */
async function slice({ port, milliseconds, path = "/" }) {
  const request = Buffer.from(`GET ${path} HTTP/1.1\r\nhost: ${HOST}\r\n\r\n`);
  const length = await lengthOfAnswer(port, request);
  let requests = 0;
  let running = true;
  const open = () => {
    let received = 0;
    let sentAt = 0;
    const send = () => {
      sentAt = performance.now();
      socket.write(request);
    };
    const callback = (bytes) => {
      received += bytes;
      if (received < length) return true;
      if (received > length) throw new Error("an answer of another length");
      received = 0;
      latencies[requests++ % latencies.length] = performance.now() - sentAt;
      if (running) send();
      return true;
    };
    // onread hands over the bytes without the stream around them, which halves the cost of an answer.
    const socket = connect({
      port,
      host: HOST,
      noDelay: true,
      onread: { buffer: Buffer.allocUnsafe(16_384), callback },
    });
    return { socket, send };
  };
  const clients = Array.from({ length: CONNECTIONS }, open);
  await Promise.all(clients.map(({ socket }) => once(socket, "connect")));
  const start = performance.now();
  for (const { send } of clients) send();
  // Never asleep: a server pays for waking its clients, so a slower one would meet more sleepers and pay twice.
  const stayAwake = () => running && setImmediate(stayAwake);
  stayAwake();
  await sleep(milliseconds);
  const seconds = (performance.now() - start) / 1000;
  running = false;
  const answered = requests;
  for (const { socket } of clients) socket.destroy();
  const sorted = latencies.subarray(0, answered).sort();
  return { requests: answered, seconds, p99: sorted[Math.floor(sorted.length * 0.99)] };
}

process.on("message", async (order) => process.send(await slice(order)));
process.once("disconnect", () => process.exit());
