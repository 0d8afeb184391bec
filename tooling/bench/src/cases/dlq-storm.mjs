import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { interleave, nanoseconds, ownLoop } from "../harness.mjs";
import { payload } from "../payload.mjs";
import { integer } from "../report.mjs";
import { added, median } from "../statistics.mjs";
import { open } from "../subjects/dlq-baldur.mjs";

const RATE = 20_000;
const STORM = 1500;
const CALLS_PER_SAMPLE = 2000;
const ignore = () => undefined;
/** A new error for each call, as in life: its stack is part of what is kept. */
const fails = async () => {
  throw new Error("the payment service does not answer");
};

/** One call after the other, in one turn of the event loop; what that left to write is waited for, but not counted. */
function costProbe(call, settled) {
  const loop = ownLoop();
  return async () => {
    const start = nanoseconds();
    await loop(call, CALLS_PER_SAMPLE);
    const each = (nanoseconds() - start) / CALLS_PER_SAMPLE;
    await settled();
    return each;
  };
}

/** Failures at a steady rate, whatever the event loop does: what was held up comes all at once. */
function stormProbe(call, settled) {
  return async () => {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    const cpu = process.cpuUsage();
    const start = performance.now();
    delay.enable();
    let calls = 0;
    for (let elapsed = 0; elapsed < STORM; elapsed = performance.now() - start) {
      for (const due = (elapsed * RATE) / 1000; calls < due; calls++) call().catch(ignore);
      await sleep(1);
    }
    delay.disable();
    const { user, system } = process.cpuUsage(cpu);
    await settled();
    return { p99: delay.percentile(99) / 1e6, cpu: (user + system) / calls };
  };
}

/** What a failing call and the event loop notice of the queue while a dependency is down. */
export async function measure({ rounds }) {
  const subject = await open();
  let kept = 0;
  try {
    const lost = subject.failing("not-kept", fails, false);
    const charge = subject.failing("charge", fails, true);
    const plain = () => lost(payload(0));
    const captured = () => charge(payload(kept++));
    const both = (probe) => ({ plain: probe(plain, ignore), captured: probe(captured, subject.settled) });

    await interleave(both(costProbe), 3); // warm-up
    const costs = await interleave(both(costProbe), rounds(15));
    const storms = await interleave(both(stormProbe), rounds(3));
    await subject.drain(kept); // throws if a failure is missing
    return report(costs, storms, kept);
  } finally {
    await subject.close();
  }
}

function report(costs, storms, kept) {
  const middle = (name, field) => median(storms[name].map((sample) => sample[field]));
  const loop = (name) => `${middle(name, "p99").toFixed(1)} ms`;
  const cpu = (name) => `${middle(name, "cpu").toFixed(1)} µs`;
  const microseconds = (values) => `${(median(values) / 1000).toFixed(1)} µs`;
  return [
    {
      what: "a failing call that is kept, added to the call",
      baldur: microseconds(costs.captured),
      peer: `${microseconds(costs.plain)} not kept`,
      reached: median(added(costs.captured, costs.plain)) / 1000,
      unit: "µs",
      atMost: 25,
    },
    {
      what: `${integer(RATE)} failures/s: event loop delay, p99`,
      baldur: loop("captured"),
      peer: `${loop("plain")} not kept`,
      reached: middle("captured", "p99"),
      unit: "ms",
      atMost: 5,
    },
    {
      what: `the same, CPU per failure; all ${integer(kept)} found again`,
      baldur: cpu("captured"),
      peer: `${cpu("plain")} not kept`,
      reached: middle("captured", "cpu") - middle("plain", "cpu"),
      unit: "µs",
    },
  ];
}
