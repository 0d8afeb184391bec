import { callProbes, interleave } from "../harness.mjs";
import { addedFigure } from "../report.mjs";
import { added, median, ratio } from "../statistics.mjs";
import * as baldur from "../subjects/baldur.mjs";
import * as cockatiel from "../subjects/cockatiel.mjs";
import * as mollitia from "../subjects/mollitia.mjs";
import * as opossum from "../subjects/opossum.mjs";

const fn = async () => 1;
const reading = async ({ signal }) => (signal === undefined ? 0 : 1);
const CALL = { signal: new AbortController().signal };

const calls = () => ({
  bare: () => fn(),
  bareReading: () => reading(CALL),
  protect: baldur.breaker(fn),
  protected: baldur.breakerWrapped(fn),
  fourProtect: baldur.four(fn),
  fourProtected: baldur.fourWrapped(fn),
  fourInline: baldur.fourInline(fn),
  fourReading: baldur.fourReading(reading),
  cockatiel: cockatiel.breaker(fn),
  fourCockatiel: cockatiel.four(fn),
  fourCockatielReading: cockatiel.four(reading),
  opossum: opossum.breaker(fn),
  fourOpossum: opossum.four(fn),
  mollitia: mollitia.breaker(fn),
  fourMollitia: mollitia.four(fn),
});

/** Calls that succeed, one after the other. */
export async function measure({ rounds }) {
  const values = await interleave(await callProbes(calls()), rounds(15));

  const over = (name) => added(values[name], name.endsWith("Reading") ? values.bareReading : values.bare);
  const figure = (name, title = "") => addedFigure(title, median(over(name)), median(values[name]));
  const row = (what, ours, theirs, title, atMost) => ({
    what,
    baldur: figure(ours),
    peer: figure(theirs, title),
    reached: ratio(over(ours), over(theirs)),
    atMost,
  });

  const rows = [];
  for (const [what, ours] of [
    ["breaker, `protect`", "protect"],
    ["breaker, `protected`", "protected"],
  ]) {
    rows.push(row(what, ours, "cockatiel", "cockatiel", 0.4));
    rows.push(row(what, ours, "opossum", "opossum", 0.15));
    rows.push(row(what, ours, "mollitia", "mollitia"));
  }
  for (const [what, ours] of [
    ["all four, `protect`", "fourProtect"],
    ["all four, `protected`", "fourProtected"],
  ]) {
    rows.push(row(what, ours, "fourCockatiel", "cockatiel", 0.025));
    rows.push(row(what, ours, "fourOpossum", "opossum, no retry", 0.3));
    rows.push(row(what, ours, "fourMollitia", "mollitia"));
  }
  rows.push(row("all four, options inline", "fourInline", "fourProtect", "given once", 1.5));
  rows.push(row("all four, signal read", "fourReading", "fourCockatielReading", "cockatiel", 0.25));
  return rows;
}
