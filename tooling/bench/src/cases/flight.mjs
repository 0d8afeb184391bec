import { getEventListeners } from "node:events";
import { interleave, nanoseconds } from "../harness.mjs";
import { integer } from "../report.mjs";
import { median, ratio } from "../statistics.mjs";
import * as baldur from "../subjects/baldur.mjs";
import * as cockatiel from "../subjects/cockatiel.mjs";
import * as opossum from "../subjects/opossum.mjs";

const SIZES = [1, 100, 1000, 20_000];
const CALLS_PER_SAMPLE = 10_000;
const FEW = 100;
const MANY = 20_000;
/** Settles on the next turn of the event loop, so that all calls of a batch are in flight together. */
const fn = () => new Promise((resolve) => setImmediate(resolve, 1));

function start(call, size) {
  const flying = new Array(size);
  for (let i = 0; i < size; i++) flying[i] = call();
  return flying;
}

/** One probe per size, of nanoseconds per call. */
function sizeProbes(name, call, sizes = SIZES) {
  return sizes.map((size) => [
    `${name} ${size}`,
    async () => {
      const batches = Math.max(1, Math.floor(CALLS_PER_SAMPLE / size));
      const before = nanoseconds();
      for (let i = 0; i < batches; i++) await Promise.all(start(call, size));
      return (nanoseconds() - before) / (batches * size);
    },
  ]);
}

/** Counts Node's complaints about too many listeners, and keeps them off the screen. */
function countLeakWarnings() {
  const seen = { count: 0 };
  process.removeAllListeners("warning");
  process.on("warning", ({ name }) => {
    if (name === "MaxListenersExceededWarning") seen.count++;
  });
  return seen;
}

/** From 1 to 20,000 calls in flight through all four policies. */
export async function measure({ rounds, quick }) {
  const warnings = countLeakWarnings();
  const { signal } = new AbortController();
  const withSignal = baldur.fourWithSignal(fn, signal);
  const probes = Object.fromEntries([
    ...sizeProbes("bare", fn),
    ...sizeProbes("baldur", baldur.four(fn)),
    ...sizeProbes("signal", withSignal),
    ...sizeProbes("opossum", opossum.four(fn)),
  ]);
  await interleave(probes, 2); // warm-up
  const values = await interleave(probes, rounds(11));

  const flying = start(withSignal, MANY);
  const listeners = getEventListeners(signal, "abort").length;
  await Promise.all(flying);
  const ownWarnings = warnings.count;

  // Seconds per sample at 20,000, because it walks a list as long as the calls in flight: one round says enough.
  if (!quick)
    Object.assign(
      values,
      await interleave(Object.fromEntries(sizeProbes("cockatiel", cockatiel.four(fn), [MANY])), 1),
    );

  const middle = (name, size) => median(values[`${name} ${size}`]);
  const figure = (name) => `${SIZES.map((size) => integer(middle(name, size))).join(" → ")} ns`;
  const growth = (what, ours, theirs) => ({
    what,
    baldur: figure(ours),
    peer: `${theirs} ${figure(theirs)}`,
    reached: ratio(values[`${ours} ${MANY}`], values[`${ours} ${FEW}`]),
    atMost: 5,
  });
  const many = `${integer(MANY)} in flight`;
  const beside = quick
    ? []
    : [
        {
          what: `${many}, all four`,
          baldur: `${integer(middle("baldur", MANY))} ns`,
          peer: `cockatiel ${integer(middle("cockatiel", MANY))} ns`,
          reached: middle("baldur", MANY) / middle("cockatiel", MANY),
        },
      ];
  return [
    growth(`${SIZES.map(integer).join(" → ")} in flight, all four: ${many} over ${FEW}`, "baldur", "bare"),
    growth("the same, one caller's signal for all", "signal", "opossum"),
    ...beside,
    count(`listeners on that signal, ${many}`, listeners, 1),
    count("warnings about too many listeners", ownWarnings, 0),
  ];
}

const count = (what, reached, atMost) => ({
  what,
  baldur: String(reached),
  peer: "",
  reached,
  unit: "",
  atMost,
});
