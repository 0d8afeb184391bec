import { setImmediate as nextTurn } from "node:timers/promises";
import { interleave, nanoseconds } from "../harness.mjs";
import { integer } from "../report.mjs";
import { median, ratio } from "../statistics.mjs";
import { ofBaldur, ofPromClient } from "../subjects/pages.mjs";

const CIRCUITS = 1000;
const ENDPOINTS = 500;
const WARM_UP = 10;

const milliseconds = (from) => (nanoseconds() - from) / 1e6;

async function scrapeTime(subject) {
  await subject.work();
  const start = nanoseconds();
  await subject.page();
  return milliseconds(start);
}

/** The longest that anything else had to wait for its turn while a page was made. */
async function longestPause(subject) {
  await subject.work();
  let isDone = false;
  let longest = 0;
  const page = subject.page().then(() => {
    isDone = true;
  });
  while (!isDone) {
    const start = nanoseconds();
    await nextTurn();
    longest = Math.max(longest, milliseconds(start));
  }
  await page;
  return longest;
}

/** A page of a thousand circuits and five hundred endpoints, beside as many series of prom-client's. */
export async function measure({ rounds }) {
  const subjects = {
    baldur: await ofBaldur(CIRCUITS, ENDPOINTS),
    promClient: ofPromClient(CIRCUITS, ENDPOINTS),
  };
  const probes = {};
  for (const [name, subject] of Object.entries(subjects)) {
    for (let i = 0; i < WARM_UP; i++) await longestPause(subject);
    probes[name] = () => scrapeTime(subject);
    probes[`${name}Pause`] = () => longestPause(subject);
  }
  const values = await interleave(probes, rounds(31));
  const [ours, theirs] = await Promise.all([subjects.baldur.page(), subjects.promClient.page()]);
  await subjects.baldur.close();
  return report(values, lines(ours), lines(theirs));
}

const lines = (page) => page.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;

function report(values, ours, theirs) {
  const figure = (name) => `${median(values[name]).toFixed(1)} ms`;
  const of = `page of metrics, ${integer(ENDPOINTS)} endpoints and ${integer(CIRCUITS)} circuits`;
  return [
    {
      what: `${of} (${integer(ours)} lines)`,
      baldur: figure("baldur"),
      peer: `prom-client ${figure("promClient")} (${integer(theirs)} lines)`,
      reached: median(values.baldur),
      unit: "ms",
      atMost: 20,
    },
    {
      what: "the same, over prom-client's",
      baldur: figure("baldur"),
      peer: `prom-client ${figure("promClient")}`,
      reached: ratio(values.baldur, values.promClient),
    },
    {
      what: "the longest that the event loop stood still for it",
      baldur: figure("baldurPause"),
      peer: `prom-client ${figure("promClientPause")}`,
      reached: median(values.baldurPause),
      unit: "ms",
      atMost: 10,
    },
  ];
}
