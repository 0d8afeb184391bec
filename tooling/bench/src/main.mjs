import { fork } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { excess, markdown, unmeasured } from "./report.mjs";

const CASES = [
  ...["hot", "failing", "open", "flight", "idle", "recorder", "import", "http", "adapters", "scrape"],
  ...["dlq-queue", "dlq-storm", "dlq-size", "dlq-servers"],
  ...["fleet-hot", "fleet-down", "fleet-limit", "fleet-idempotency"],
];
const PEERS = ["cockatiel", "opossum", "mollitia", "bullmq", "pg-boss", "rate-limiter-flexible"];
/** A shared machine misses a target by chance now and then, hardly ever by half. */
const TOLERANCE = 1.5;
const CASE_TIMEOUT = { usual: 150_000, full: 600_000 };

/** Each case in a process of its own: none leaves type feedback, garbage or timers to the next. */
function measure(name, { quick, full }) {
  const script = fileURLToPath(new URL("./run-case.mjs", import.meta.url));
  const child = fork(script, [name, ...(quick ? ["--quick"] : []), ...(full ? ["--full"] : [])], {
    execArgv: ["--expose-gc"],
    timeout: full ? CASE_TIMEOUT.full : CASE_TIMEOUT.usual,
  });
  return new Promise((resolve) => {
    child.once("message", resolve);
    child.once("exit", (code, signal) => resolve([unmeasured(name, `ended with ${signal ?? code}`)]));
  });
}

function installedVersion(peer) {
  const manifest = new URL(`../node_modules/${peer}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(manifest, "utf8")).version;
}

function caption(command) {
  const peers = PEERS.map((peer) => `${peer} ${installedVersion(peer)}`).join(", ");
  const date = new Date().toISOString().slice(0, 10);
  return `\`${command}\`, ${date}: Node ${process.version} on ${availableParallelism()} cores of ${process.platform} ${process.arch}; ${peers}.`;
}

/** Cases by name, or by what comes before the hyphen: `dlq` is all that begin with `dlq-`. */
function selection(only) {
  const names = only === undefined ? CASES : only.split(",");
  const chosen = names.map((name) => CASES.filter((one) => one === name || one.startsWith(`${name}-`)));
  const unknown = names.filter((_name, index) => chosen[index].length === 0);
  if (unknown.length > 0)
    throw new Error(`no case named ${unknown.join(", ")}; there are ${CASES.join(", ")}`);
  return [...new Set(chosen.flat())];
}

/** Replaces the table of the last run in the README of the repository. */
function intoReadme(table) {
  const readme = new URL("../../../README.md", import.meta.url);
  const text = readFileSync(readme, "utf8");
  const shown = `<!-- bench -->\n\n${table}\n\n<!-- /bench -->`;
  writeFileSync(readme, text.replace(/<!-- bench -->.*<!-- \/bench -->/s, shown));
}

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    full: { type: "boolean", default: false },
    json: { type: "string" },
    readme: { type: "boolean", default: false },
  },
});
const rows = [];
for (const name of selection(options.only)) {
  const start = performance.now();
  process.stderr.write(`${name} … `);
  rows.push(...(await measure(name, options)));
  process.stderr.write(`${((performance.now() - start) / 1000).toFixed(0)} s\n`);
}

const given = process.argv.slice(2).filter((argument) => !/^--(json|readme)/.test(argument));
const title = caption(["npm run bench", ...(given.length > 0 ? ["--", ...given] : [])].join(" "));
console.log(`\n${title}\n\n${markdown(rows)}`);
if (options.readme) intoReadme(`${title}\n\n${markdown(rows)}`);
if (options.json !== undefined)
  writeFileSync(options.json, `${JSON.stringify({ title, rows }, undefined, 2)}\n`);

const missed = rows.filter((row) => excess(row) > TOLERANCE);
for (const row of missed) console.error(`missed by more than ${TOLERANCE} ×: ${row.what} (${row.peer})`);
process.exitCode = missed.length > 0 ? 1 : 0;
