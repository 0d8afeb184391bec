import { interleave, nanoseconds, ownLoop } from "../harness.mjs";
import { integer } from "../report.mjs";
import { median, ratio } from "../statistics.mjs";
import * as baldur from "../subjects/baldur.mjs";
import * as cockatiel from "../subjects/cockatiel.mjs";
import * as opossum from "../subjects/opossum.mjs";

const CALLS_BEFORE = [1, 100, 10_000];
const FAILURES = 50;
const BREAKERS = 10;
/** Made once: what is measured is the policy, not the stack trace. */
const ERROR = new Error("down");
const succeeds = async () => 1;
const fails = async () => {
  throw ERROR;
};

/** One failing call, on new breakers each time, so that the window holds just what it is given. */
function failureProbe(make, before) {
  const loop = ownLoop();
  return async () => {
    let spent = 0;
    for (let i = 0; i < BREAKERS; i++) {
      const breaker = make();
      for (let k = 0; k < before; k++) await breaker.call(succeeds);
      const call = () => breaker.call(fails);
      const start = nanoseconds();
      await loop(call, FAILURES);
      spent += nanoseconds() - start;
      breaker.stop();
    }
    return spent / (BREAKERS * FAILURES);
  };
}

/** A failing call while the breaker stays closed, by the number of calls before it. */
export async function measure({ rounds }) {
  const probes = {};
  for (const before of CALLS_BEFORE)
    for (const [name, { failing }] of Object.entries({ baldur, cockatiel, opossum }))
      probes[`${name} ${before}`] = failureProbe(failing, before);
  await interleave(probes, 3); // warm-up
  const values = await interleave(probes, rounds(9));

  const figure = (key) => `${integer(median(values[key]))} ns`;
  return CALLS_BEFORE.flatMap((before) =>
    [["cockatiel", 1], ["opossum"]].map(([peer, atMost]) => ({
      what: `failing call, closed, ${integer(before)} before`,
      baldur: figure(`baldur ${before}`),
      peer: `${peer} ${figure(`${peer} ${before}`)}`,
      reached: ratio(values[`baldur ${before}`], values[`${peer} ${before}`]),
      atMost,
    })),
  );
}
