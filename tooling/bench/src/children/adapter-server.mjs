// adapter-server.mjs <fastify|express> <bare|baldur>: serves 200 bytes of JSON at `/`, and the answer of Baldur's ping: its own, or that
// of a route of the bare framework at `/ping`. Answers "port" and "cpu".
import { once } from "node:events";

const [framework, kind] = process.argv.slice(2);
const ORDER = {
  id: 12_345,
  name: "orders",
  state: "closed",
  items: [1, 2, 3, 4].map((k) => ({ k: `key${k}`, v: k * 1000 })),
  note: "n".repeat(50),
};
const PONG = { ping: "pong", status: "alive" };

const quiet = () => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };

async function runtime() {
  const { createBaldur } = await import("@baldur/core");
  return createBaldur({ discover: false, logger, settings: { control: { backend: "memory" } } }).start();
}

const SERVERS = {
  async fastify() {
    const { default: Fastify } = await import("fastify");
    const app = Fastify();
    if (kind === "baldur") {
      const { baldur } = await import("@baldur/fastify");
      await app.register(baldur, { runtime: await runtime() });
    }
    app.get("/", async () => ORDER);
    app.get("/ping", async (_request, reply) => {
      reply.header("cache-control", "max-age=1");
      return PONG;
    });
    await app.listen({ port: 0, host: "127.0.0.1" });
    return app.server;
  },
  async express() {
    const { default: express } = await import("express");
    const app = express();
    if (kind === "baldur") {
      const { baldur } = await import("@baldur/express");
      await baldur(app, { runtime: await runtime() }).ready;
    }
    app.get("/", (_request, response) => response.json(ORDER));
    app.get("/ping", (_request, response) => response.set("cache-control", "max-age=1").json(PONG));
    const server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
    return server;
  },
};

const starting = SERVERS[framework]();

const ANSWERS = {
  async port() {
    return (await starting).address().port;
  },
  /** Microseconds of CPU that this process has used. */
  async cpu() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
};

process.on("message", async (question) => process.send(await ANSWERS[question]()));
process.once("disconnect", () => process.exit());
