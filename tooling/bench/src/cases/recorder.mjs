import { callProbes, interleave } from "../harness.mjs";
import { integer } from "../report.mjs";
import { added, median } from "../statistics.mjs";
import * as baldur from "../subjects/baldur.mjs";

const fn = async () => 1;

/** What counters and latency histogram add to a call. */
export async function measure({ rounds }) {
  const calls = { recorded: baldur.recording(fn, true), unrecorded: baldur.recording(fn, false) };
  // A small difference of two large figures: more rounds than elsewhere.
  const values = await interleave(await callProbes(calls), rounds(41));
  return [
    {
      what: "counters and latency histogram per call",
      baldur: `${integer(median(values.recorded))} ns`,
      peer: `${integer(median(values.unrecorded))} ns with metrics off`,
      reached: median(added(values.recorded, values.unrecorded)),
      unit: "ns",
      atMost: 30,
    },
  ];
}
