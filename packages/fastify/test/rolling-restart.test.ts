import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { rollingRestartSuite } from "@baldur/core/test/http/rolling-restart/suite.js";

const built = JSON.stringify(fileURLToPath(new URL("../dist/index.js", import.meta.url)));
const framework = JSON.stringify(createRequire(import.meta.url).resolve("fastify"));

rollingRestartSuite(
  "fastify",
  `
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
const { default: Fastify } = await import(${framework});
const { baldur } = await import(${built});
const app = Fastify();
await app.register(baldur, { drain: { linger: 1500 } });
app.get("/quick", async () => "quick");
app.get("/slow", async () => (await sleep(150), "slow"));
app.post("/pay", async () => "paid");
app.get("/stream", (request, reply) => reply.send(Readable.from((async function* () {
  yield "first ";
  await sleep(100);
  yield "last";
})())));
await app.listen({ port: Number(process.argv[2]), host: "127.0.0.1" });
`,
);
