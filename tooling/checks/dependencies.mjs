// Runs dependency-cruiser on the packages, and asserts that it saw them: a misconfigured tool finds nothing wrong.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const LEAST_MODULES_OF_CORE = 120;
const LEAST_IMPORTS_OF_CORE = 450;
const LEAST_MODULES_BESIDE = 90;
/** From package to package, resolved to sources: what the arrows between packages are about. */
const LEAST_CROSSINGS = 60;
const SOURCE = /^packages\/([^/]+)\/src\//;

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

/** Imports of sources of one package from another one's. */
function crossings(module) {
  const [, own] = SOURCE.exec(module.source) ?? [];
  if (own === undefined) return [];
  const packages = module.dependencies.flatMap(({ resolved }) => SOURCE.exec(resolved)?.[1] ?? []);
  return packages.filter((other) => other !== own);
}

const { modules, summary } = cruise();
const core = modules.filter(({ source }) => source.startsWith("packages/core/src/"));
const imports = core.flatMap(({ dependencies }) => dependencies).length;
const beside = modules.filter(({ source }) => SOURCE.test(source)).length - core.length;
const crossed = modules.flatMap(crossings).length;
const problems = summary.violations.map(describe);
if (core.length < LEAST_MODULES_OF_CORE) problems.push(`only ${core.length} modules of core seen`);
if (imports < LEAST_IMPORTS_OF_CORE) problems.push(`only ${imports} imports of core seen`);
if (beside < LEAST_MODULES_BESIDE) problems.push(`only ${beside} modules of other packages seen`);
if (crossed < LEAST_CROSSINGS) problems.push(`only ${crossed} imports from package to package seen`);

for (const problem of problems) process.stderr.write(`${problem}\n`);
process.stdout.write(
  `${summary.totalCruised} modules, ${core.length} of core with ${imports} imports, ${beside} of other packages, ${crossed} imports between packages, ${problems.length} violations\n`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
