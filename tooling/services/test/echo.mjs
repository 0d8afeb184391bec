import { once } from "node:events";
import { connect, createServer } from "node:net";
import { HOST } from "../src/conversation.mjs";
import { until } from "../src/until.mjs";

/** A server that answers every byte with itself, and an end with an end; it remembers what its clients did. */
export async function startEcho() {
  const clients = [];
  const server = createServer({ allowHalfOpen: true }, (socket) =>
    clients.push(remember(socket.pipe(socket))),
  );
  server.listen(0, HOST);
  await once(server, "listening");
  return {
    clients,
    port: server.address().port,
    stop() {
      for (const { socket } of clients) socket.destroy();
      server.close();
    },
  };
}

const dialled = [];

/** A client that remembers what it was told; resolves once it is connected, or has failed to. */
export async function dial(port) {
  const client = remember(connect({ port, host: HOST, allowHalfOpen: true }));
  dialled.push(client);
  await until(() => client.error !== undefined || !client.socket.connecting, "a connection");
  return client;
}

export function hangUp() {
  for (const { socket } of dialled.splice(0)) socket.destroy();
}

function remember(socket) {
  const memory = { socket, text: "", hasEnded: false, isClosed: false, error: undefined };
  socket.setEncoding("latin1");
  socket.on("data", (chunk) => (memory.text += chunk));
  socket.once("end", () => (memory.hasEnded = true));
  socket.once("close", () => (memory.isClosed = true));
  socket.on("error", (error) => (memory.error = error.code));
  return memory;
}

/** Bytes go to and fro elsewhere, often enough that whatever could come through a proxy had come. */
export async function letPass() {
  const elsewhere = await startEcho();
  for (let round = 0; round < 20; round++) {
    const client = await dial(elsewhere.port);
    client.socket.end("x");
    await until(() => client.hasEnded, "an echo");
  }
  elsewhere.stop();
}
