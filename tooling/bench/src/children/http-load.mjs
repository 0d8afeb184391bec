// A small load generator: 64 connections that each keep one request in flight. It has to be faster than the server it loads, so it
// parses nothing: all answers of one server have the length of the first, and whole answers are counted.
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const CONNECTIONS = 64;
const HOST = "127.0.0.1";
const REQUEST = Buffer.from(`GET / HTTP/1.1\r\nhost: ${HOST}\r\n\r\n`);

async function lengthOfAnswer(port) {
  const socket = connect(port, HOST);
  socket.write(REQUEST);
  const [answer] = await once(socket, "data");
  socket.destroy();
  if (!answer.toString("latin1").startsWith("HTTP/1.1 200 ")) throw new Error(`unexpected answer: ${answer}`);
  return answer.length;
}

async function slice({ port, milliseconds }) {
  const length = await lengthOfAnswer(port);
  let requests = 0;
  let running = true;
  const open = () => {
    let received = 0;
    const callback = (bytes) => {
      received += bytes;
      if (received < length) return true;
      if (received > length) throw new Error("an answer of another length");
      received = 0;
      requests++;
      if (running) socket.write(REQUEST);
      return true;
    };
    // onread hands over the bytes without the stream around them, which halves the cost of an answer.
    const socket = connect({
      port,
      host: HOST,
      noDelay: true,
      onread: { buffer: Buffer.allocUnsafe(16_384), callback },
    });
    return socket;
  };
  const sockets = Array.from({ length: CONNECTIONS }, open);
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  const start = performance.now();
  for (const socket of sockets) socket.write(REQUEST);
  await sleep(milliseconds);
  const seconds = (performance.now() - start) / 1000;
  running = false;
  const answered = requests;
  for (const socket of sockets) socket.destroy();
  return { requests: answered, seconds };
}

process.on("message", async (order) => process.send(await slice(order)));
process.once("disconnect", () => process.exit());
