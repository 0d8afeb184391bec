// A primary process with its workers: node process.mjs <options as JSON>. Each that has a page says where, in a line of JSON;
// the primary does what it is told in lines of its input.
import cluster from "node:cluster";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { createBaldur } from "@baldur/core";
import { defineCounter, defineGauge, metricsSlot } from "@baldur/core/plugin";
import { aggregateWorkers, prometheus } from "@baldur/prometheus";

const options = JSON.parse(process.argv[2]);
const quiet = () => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const done = defineCounter("test_done_total", { help: "work that is done", labels: ["kind"] });
const free = defineGauge("test_free", { help: "room", across: "sum" });
const ready = defineGauge("test_ready", { help: "whether it may be asked", labels: ["part"], across: "min" });

async function expose(id) {
  let context;
  const probe = { name: "@test/probe", register: (given) => void (context = given) };
  const { workerTimeout = 5000, aggregate = true } = options;
  const plugins = [prometheus({ aggregate, workerTimeout }), probe];
  const baldur = await createBaldur({ discover: false, env: {}, logger, plugins }).start();
  const events = [];
  baldur.telemetry.subscribe(({ name }) => events.push(name));
  let isReady = 1;
  context.telemetry.observeGauge(free, () => [[[], 10]]);
  context.telemetry.observeGauge(ready, () => [[["all"], isReady]]);
  const actions = {
    "/metrics": async ({ headers }) => {
      const { contentType, body } = await baldur.slots.get(metricsSlot).exposition(headers.accept);
      return [contentType, body];
    },
    "/work": async ({ headers }) => {
      context.telemetry.counter(done).cell(headers["x-kind"]).add(Number(headers["x-count"]));
      await baldur.protect("pay", async () => 1);
      return ["text/plain", ""];
    },
    "/unready": async () => ["text/plain", String((isReady = 0))],
    "/events": async () => ["text/plain", JSON.stringify(events)],
    "/close": async () => ["text/plain", JSON.stringify(await baldur.close())],
  };
  const server = createServer(async (request, response) => {
    const [contentType, body] = await actions[request.url](request);
    response.setHeader("content-type", contentType).end(body);
  });
  server.listen({ port: 0, host: "127.0.0.1", exclusive: true }, () =>
    say({ id, pid: process.pid, port: server.address().port }),
  );
}

const orders = {
  fork: () => cluster.fork(),
  aggregate: async () => {
    await aggregateWorkers({ workerTimeout: options.workerTimeout });
    say({ id: "aggregating" });
  },
};

if (cluster.isWorker) await expose(cluster.worker.id);
else {
  if (options.primary === "runtime") await expose("primary");
  if (options.primary === "aggregate") await aggregateWorkers({ workerTimeout: options.workerTimeout });
  cluster.on("exit", ({ id }) => say({ id, exited: true }));
  for (let i = 0; i < options.workers; i++) cluster.fork();
  createInterface({ input: process.stdin })
    .on("line", (line) => orders[line]())
    .on("close", () => process.exit()); // the test is over, however it ended
}
