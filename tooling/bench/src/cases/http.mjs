import { interleave } from "../harness.mjs";
import { startChild } from "../processes.mjs";
import { integer } from "../report.mjs";
import { median, ratio } from "../statistics.mjs";

const KINDS = ["bare", "baldur", "opossum", "cockatiel"];
const SLICE = 400;
const WARM_UP_SLICES = 5;

/** One slice of load on one server: requests per second, and what a request cost the server's process. */
function sliceProbe(server, port, load) {
  return async () => {
    const before = await server.request("cpu");
    const { requests, seconds } = await load.request({ port, milliseconds: SLICE });
    const spent = (await server.request("cpu")) - before;
    return { rate: requests / seconds, cpu: spent / requests };
  };
}

/** A `node:http` handler whose work goes through the four policies, beside the same handler without. */
export async function measure({ rounds }) {
  const children = [];
  const child = async (...args) => {
    children.push(startChild(...args));
    return children.at(-1);
  };
  try {
    const load = await child("http-load.mjs", { core: 1 });
    const probes = {};
    for (const kind of KINDS) {
      const server = await child("http-server.mjs", { args: [kind], core: 0 });
      probes[kind] = sliceProbe(server, await server.request("port"), load);
    }
    await interleave(probes, WARM_UP_SLICES);
    return report(await interleave(probes, rounds(21)));
  } finally {
    await Promise.all(children.map((started) => started.stop()));
  }
}

function report(values) {
  const of = (kind, field) => values[kind].map((slice) => slice[field]);
  const rate = (kind) => `${integer(median(of(kind, "rate")))}/s`;
  const cpu = (kind) => `${median(of(kind, "cpu")).toFixed(1)} µs`;
  const beside = (field, figure) =>
    ["opossum", "cockatiel"]
      .map((kind) => `${kind} ${figure(kind)} (${ratio(of(kind, field), of("bare", field)).toFixed(2)})`)
      .join(", ");
  return [
    {
      what: "`node:http` handler with all four, requests",
      baldur: rate("baldur"),
      peer: `bare ${rate("bare")}; ${beside("rate", rate)}`,
      reached: ratio(of("baldur", "rate"), of("bare", "rate")),
      atLeast: 0.88,
    },
    {
      what: "the same, server's CPU per request",
      baldur: cpu("baldur"),
      peer: `bare ${cpu("bare")}; ${beside("cpu", cpu)}`,
      reached: ratio(of("baldur", "cpu"), of("bare", "cpu")),
    },
  ];
}
