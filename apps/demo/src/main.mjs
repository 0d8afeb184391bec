import { judge, NOT_PROVEN } from "./claims.mjs";
import { measure } from "./measure.mjs";
import { Progress, table, timeline } from "./report.mjs";
import { runRound } from "./scenario.mjs";

const MOST_TIME = 59_000;

const print = (text) => process.stdout.write(`${text}\n`);

/** Answers whether every claim held. */
async function main() {
  const start = performance.now();
  const progress = new Progress();
  const plain = await runRound("plain", (...now) => progress.show("without Baldur", ...now));
  const guarded = await runRound("protected", (...now) => progress.show("with Baldur   ", ...now));
  progress.end();

  const rows = judge(measure(plain), measure(guarded));
  const failed = rows.filter(({ holds }) => holds === false);
  print(`\n${table(rows)}\n\nbreaker of the shop with Baldur\n${timeline(guarded)}\n`);
  print(`Not proven here:\n${NOT_PROVEN.map((line) => `  ${line}`).join("\n")}\n`);
  const verdict = failed.length === 0 ? "every claim holds" : `${failed.length} claim(s) FAILED`;
  print(`${verdict}, ${((performance.now() - start) / 1000).toFixed(0)} s`);
  return failed.length === 0;
}

const guard = setTimeout(() => {
  process.stderr.write("the demo did not end in time\n");
  process.exit(1); // the shop and the gateway end when their parent is gone
}, MOST_TIME);

process.exitCode = (await main()) ? 0 : 1;
clearTimeout(guard);
