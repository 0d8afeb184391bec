import { callProbes, interleave } from "../harness.mjs";
import { integer } from "../report.mjs";
import { median, ratio } from "../statistics.mjs";
import * as baldur from "../subjects/baldur.mjs";
import * as cockatiel from "../subjects/cockatiel.mjs";
import * as opossum from "../subjects/opossum.mjs";

const ERROR = new Error("down");
const unreachable = async () => 1;

/** A rejection by an open breaker, from the call until the caller has caught it. */
export async function measure({ rounds }) {
  const calls = {};
  for (const [name, { open }] of Object.entries({ baldur, cockatiel, opossum })) {
    calls[name] = await open(unreachable, ERROR);
    const answer = await calls[name]().catch((error) => error);
    if (!(answer instanceof Error)) throw new Error(`the breaker of ${name} did not open`);
  }
  const values = await interleave(await callProbes(calls), rounds(11));

  const figure = (name) => `${integer(median(values[name]))} ns`;
  return ["cockatiel", "opossum"].map((peer) => ({
    what: "rejection, open",
    baldur: figure("baldur"),
    peer: `${peer} ${figure(peer)}`,
    reached: ratio(values.baldur, values[peer]),
    atMost: 0.25,
  }));
}
