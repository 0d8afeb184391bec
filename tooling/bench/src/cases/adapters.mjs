import { interleave } from "../harness.mjs";
import { startChild } from "../processes.mjs";
import { integer } from "../report.mjs";
import { median, ratio } from "../statistics.mjs";

const FRAMEWORKS = { fastify: "Fastify", express: "Express" };
const KINDS = ["bare", "baldur"];
const PATHS = {
  order: { bare: "/", baldur: "/" },
  ping: { bare: "/ping", baldur: "/api/baldur/health/ping" },
};
/**
 * V8 settles once in each process where it allocates the objects of `process.nextTick`; the old generation, which is drawn by
 * chance, costs 3 µs a request. Ten processes would have to be measured instead of one.
 */
const FLAGS = ["--no-allocation-site-pretenuring"];
const SLICE = 400;
const WARM_UP_SLICES = 4;

/** One slice of load: requests per second, their p99 in milliseconds, and the CPU of the server for one of them. */
function sliceProbe(server, load, order) {
  return async () => {
    const before = await server.request("cpu");
    const { requests, seconds, p99 } = await load.request({ ...order, milliseconds: SLICE });
    const spent = (await server.request("cpu")) - before;
    return { rate: requests / seconds, p99, cpu: spent / requests };
  };
}

/** Applications of two frameworks with the adapter (context, metrics, drain), beside the same ones without. */
export async function measure({ rounds }) {
  const children = [];
  const child = (...args) => {
    children.push(startChild(...args));
    return children.at(-1);
  };
  try {
    const load = child("http-load.mjs", { core: 1 });
    const probes = {};
    for (const framework of Object.keys(FRAMEWORKS)) {
      for (const kind of KINDS) {
        const server = child("adapter-server.mjs", { args: [framework, kind], flags: FLAGS, core: 0 });
        const port = await server.request("port");
        for (const [what, paths] of Object.entries(PATHS))
          probes[`${framework} ${what} ${kind}`] = sliceProbe(server, load, { port, path: paths[kind] });
      }
    }
    await interleave(probes, WARM_UP_SLICES);
    const values = await interleave(probes, rounds(21));
    return Object.entries(FRAMEWORKS).flatMap(([framework, name]) => report(values, framework, name));
  } finally {
    await Promise.all(children.map((started) => started.stop()));
  }
}

function report(values, framework, name) {
  const of = (what, kind, field) => values[`${framework} ${what} ${kind}`].map((slice) => slice[field]);
  const row = (what, text, field, show) => ({
    what: text,
    baldur: show(median(of(what, "baldur", field))),
    peer: `${name} alone ${show(median(of(what, "bare", field)))}`,
    reached: ratio(of(what, "baldur", field), of(what, "bare", field)),
  });
  const perSecond = (value) => `${integer(value)}/s`;
  return [
    { ...row("order", `${name} with the adapter, requests`, "rate", perSecond), atLeast: 0.93 },
    { ...row("order", "the same, p99", "p99", (value) => `${value.toFixed(2)} ms`), atMost: 1.1 },
    row("order", "the same, server's CPU per request", "cpu", (value) => `${value.toFixed(1)} µs`),
    {
      ...row("ping", `${name}: \`/health/ping\` beside a route of its own`, "rate", perSecond),
      atLeast: 0.9,
    },
  ];
}
