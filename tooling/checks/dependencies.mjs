// Runs dependency-cruiser on the packages, and asserts that it saw them: a misconfigured tool finds nothing wrong.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const LEAST_MODULES_OF_CORE = 100;
const LEAST_IMPORTS_OF_CORE = 300;

function cruise() {
  const bin = join(root, "node_modules", "dependency-cruiser", "bin", "dependency-cruise.mjs");
  const args = [bin, "packages", "--config", ".dependency-cruiser.cjs", "--output-type", "json"];
  const result = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8", maxBuffer: 1e9 });
  if (result.stdout === "") throw new Error(`dependency-cruiser did not run: ${result.stderr}`);
  return JSON.parse(result.stdout);
}

function describe({ rule, from, to, cycle }) {
  const path = cycle === undefined ? to : cycle.map(({ name }) => name).join(" -> ");
  return `${rule.name}: ${from} -> ${path}`;
}

const { modules, summary } = cruise();
const core = modules.filter(({ source }) => source.startsWith("packages/core/src/"));
const imports = core.flatMap(({ dependencies }) => dependencies).length;
const problems = summary.violations.map(describe);
if (core.length < LEAST_MODULES_OF_CORE) problems.push(`only ${core.length} modules of core seen`);
if (imports < LEAST_IMPORTS_OF_CORE) problems.push(`only ${imports} imports of core seen`);

for (const problem of problems) process.stderr.write(`${problem}\n`);
process.stdout.write(
  `${summary.totalCruised} modules, ${core.length} of core with ${imports} imports, ${problems.length} violations\n`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
