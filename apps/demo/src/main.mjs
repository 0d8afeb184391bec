import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { judge, NOT_PROVEN } from "./claims.mjs";
import { measure } from "./measure.mjs";
import { Progress, table, timeline } from "./report.mjs";
import { runRound } from "./scenario.mjs";
import { startServers } from "./servers.mjs";
import { killWorkers } from "./worker.mjs";

/** Then the table is due, whatever its claims are worth: of one shop, and of a fleet, which takes longer to start. */
const DEADLINES = { one: 55_000, fleet: 85_000 };
const GRACE = 4000;
/** Of a fleet that shares servers; alone it is one shop. */
const FLEET = 4;
const COLUMNS = { plain: "without Baldur", oss: "Baldur OSS", pro: "Baldur PRO" };

const BOOLEAN = { type: "boolean" };

const print = (text) => process.stdout.write(`${text}\n`);

/** Claims about time do not hold where others leave no processor. It excuses nothing: the demo fails all the same. */
function hint() {
  const [load] = loadavg();
  const cores = availableParallelism();
  return load > 2 * cores ? `, on a busy machine (load ${load.toFixed(1)} on ${cores} cores)` : "";
}

/** What is asked for on the command line: servers, by their names, and whether the console is to be open at the end. */
function asked() {
  const options = { redis: BOOLEAN, postgres: BOOLEAN, stay: BOOLEAN };
  const { redis, postgres, stay = false } = parseArgs({ options }).values;
  return { stay, names: [...(redis ? ["redis"] : []), ...(postgres ? ["postgres"] : [])] };
}

const deadlineOf = ({ names }) => (names.length > 0 ? DEADLINES.fleet : DEADLINES.one);

/** Every variant in turn. The last one may stay. */
async function play(servers, { start, folder, stay }) {
  const progress = new Progress();
  const shops = servers.names.length > 0 ? FLEET : 1;
  const rounds = {};
  for (const [variant, column] of Object.entries(COLUMNS)) {
    const onProgress = (...now) => progress.show(column.padEnd(14), ...now);
    const stays = stay && variant === "pro";
    const deadline = start + deadlineOf(servers);
    rounds[variant] = await runRound({ variant, shops, servers, folder, deadline, stays, onProgress });
  }
  progress.end();
  return rounds;
}

/** Answers whether every claim held. */
async function main(servers, { folder, stay }) {
  const start = performance.now();
  const rounds = await play(servers, { start, folder, stay });

  const figures = Object.fromEntries(Object.entries(rounds).map(([name, round]) => [name, measure(round)]));
  const rows = judge(figures);
  const failed = rows.filter(({ holds }) => holds === false);
  print(`\n${table(rows, Object.values(COLUMNS))}`);
  print(`\nbreakers of the shops with Baldur PRO\n${timeline(rounds.pro)}\n`);
  print(`Not proven here:\n${NOT_PROVEN.map((line) => `  ${line}`).join("\n")}\n`);
  const verdict = failed.length === 0 ? "every claim holds" : `${failed.length} claim(s) FAILED${hint()}`;
  print(`${verdict}, ${((performance.now() - start) / 1000).toFixed(0)} s`);
  if (stay) print(`\nThe console of the shop, which goes on: ${rounds.pro.console}\nCtrl-C ends the demo.`);
  return failed.length === 0;
}

const folder = mkdtempSync(join(tmpdir(), "baldur-demo-"));
// However it ends, no process and no folder stays behind.
process.on("exit", () => {
  killWorkers();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});
for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"])
  process.on(signal, () => process.exit(process.exitCode ?? 1));

const { names, stay } = asked();
const servers = await startServers(names);
const guard = setTimeout(() => {
  process.stderr.write(`the demo did not end in time${hint()}\n`);
  process.exit(1);
}, deadlineOf(servers) + GRACE);
try {
  process.exitCode = (await main(servers, { folder, stay })) ? 0 : 1;
} finally {
  clearTimeout(guard);
  if (!stay) await servers.stop();
}
