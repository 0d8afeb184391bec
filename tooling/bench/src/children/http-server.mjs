// http-server.mjs <kind>: serves 200 bytes of JSON, the work behind it bare or through policies. Answers "port" and "cpu".
import { once } from "node:events";
import { createServer } from "node:http";

const ORDER = {
  id: 12_345,
  name: "orders",
  state: "closed",
  items: [1, 2, 3, 4].map((k) => ({ k: `key${k}`, v: k * 1000 })),
  note: "n".repeat(50),
};
const loadOrder = async () => ORDER;
const kind = process.argv[2];
const work = kind === "bare" ? loadOrder : (await import(`../subjects/${kind}.mjs`)).four(loadOrder);

const server = createServer(async (_request, response) => {
  const body = JSON.stringify(await work());
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
}).listen(0, "127.0.0.1");
const listening = once(server, "listening");

const ANSWERS = {
  async port() {
    await listening;
    return server.address().port;
  },
  /** Microseconds of CPU that this process has used. */
  async cpu() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
};

process.on("message", async (question) => process.send(await ANSWERS[question]()));
process.once("disconnect", () => process.exit());
