import { nanoseconds, ratePerSecond } from "../harness.mjs";
import { payload } from "../payload.mjs";
import { integer } from "../report.mjs";
import { median } from "../statistics.mjs";
import { open } from "../subjects/dlq-baldur.mjs";

const OPEN = 100_000;
const FINISHED = { usual: 100_000, full: 1_000_000 };
const IN_FLIGHT = 1000;
const READS = 11;
const DRAIN = 10_000;
const DRAINS = 3;
const CHUNK = 50_000;
/** What the facets count. */
const NAMES = ["charge", "refund", "invoice", "mail", "stock"];
const FAILURES = ["TIMEOUT", "ECONNRESET", "CIRCUIT_OPEN", "HTTP_ERROR"];
const DOMAINS = ["payments", "orders", "shipping"];

const at = (list, index) => list[index % list.length];

function resident() {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

/** Milliseconds of a read, each after a new entry, so that no answer is the one before. */
async function readTime(subject, read) {
  const times = [];
  for (let i = 0; i < READS; i++) {
    await subject.store(payload(i), { name: "refund" });
    const start = nanoseconds();
    await read();
    times.push((nanoseconds() - start) / 1e6);
  }
  return median(times);
}

async function measureOpen() {
  const subject = await open();
  try {
    await subject.store(payload(0));
    const before = resident();
    const store = (i) =>
      subject.store(payload(i), {
        name: at(NAMES, i),
        failureType: at(FAILURES, i),
        domain: at(DOMAINS, i),
      });
    await ratePerSecond(store, OPEN, IN_FLIGHT);
    const megabytes = (resident() - before) / 1e6;
    const page = await readTime(subject, subject.firstPage);
    return { megabytes, page, facets: await readTime(subject, subject.facets) };
  } finally {
    await subject.close();
  }
}

async function storeAndDrain(subject, count) {
  await ratePerSecond((index) => subject.store(payload(index)), count, IN_FLIGHT);
  return subject.drain(count);
}

async function drainRate(subject) {
  const rates = [];
  for (let i = 0; i < DRAINS; i++) rates.push(await storeAndDrain(subject, DRAIN));
  return median(rates);
}

async function measureFinished(finished) {
  const subject = await open();
  try {
    await storeAndDrain(subject, DRAIN); // warm-up
    const before = await drainRate(subject);
    for (let done = (1 + DRAINS) * DRAIN; done < finished; done += CHUNK)
      await storeAndDrain(subject, Math.min(CHUNK, finished - done));
    return { before, after: await drainRate(subject) };
  } finally {
    await subject.close();
  }
}

/** What entries that wait, and entries that are done, do to the queue. */
export async function measure({ full }) {
  const waiting = await measureOpen();
  const finished = full ? FINISHED.full : FINISHED.usual;
  const { before, after } = await measureFinished(finished);
  const opened = (what, reached, unit, atMost) => ({
    what: `${integer(OPEN)} open dead letters: ${what}`,
    baldur: `${reached.toFixed(1)} ${unit}`,
    peer: "",
    reached,
    unit,
    atMost,
  });
  return [
    opened("first page of 100", waiting.page, "ms", 20),
    opened("facets", waiting.facets, "ms", 50),
    opened("resident memory added", waiting.megabytes, "MB", 150),
    {
      what: `run again after ${integer(finished)} are done, over before`,
      baldur: `${integer(after)}/s`,
      peer: `${integer(before)}/s before`,
      reached: after / before,
      atLeast: 0.8,
    },
  ];
}
