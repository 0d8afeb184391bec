import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { rollingRestartSuite } from "@baldur/core/test/http/rolling-restart/suite.js";

const built = JSON.stringify(fileURLToPath(new URL("../dist/index.js", import.meta.url)));
const framework = JSON.stringify(createRequire(import.meta.url).resolve("express"));

rollingRestartSuite(
  "express",
  `
import { setTimeout as sleep } from "node:timers/promises";
const { default: express } = await import(${framework});
const { baldur } = await import(${built});
const app = express();
const handle = baldur(app, { drain: { linger: 1500 } });
app.use(express.json());
app.get("/quick", (request, response) => response.send("quick"));
app.get("/slow", async (request, response) => response.send((await sleep(150), "slow")));
app.post("/pay", (request, response) => response.send("paid"));
app.get("/stream", async (request, response) => {
  response.write("first ");
  await sleep(100);
  response.end("last");
});
const server = handle.server(app.listen(Number(process.argv[2]), "127.0.0.1"));
server.keepAliveTimeout = 60_000; // a connection that it closes when its balancer uses it again fails a request
`,
);
