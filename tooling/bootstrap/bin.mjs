// Runs a task of the repository on a machine that has only Node and npm. No dependencies of its own.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const { packageManager, engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const pnpmHome = join(root, ".cache", packageManager.replace("@", "-"));
const binaries = [join(root, "node_modules", ".bin"), join(pnpmHome, "node_modules", ".bin")];
const onWindows = process.platform === "win32";
const environment = {
  ...process.env,
  DO_NOT_TRACK: "1",
  TURBO_TELEMETRY_DISABLED: "1",
  // Absolute: turbo changes folders, and a relative one would lead nowhere.
  PATH: [...binaries, process.env.PATH].join(delimiter),
};

/** Runs a command to its end; a failure ends the task with the command's name and code. */
function run(command, args, extra = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    shell: onWindows,
    env: { ...environment, ...extra },
  });
  if (result.error === undefined && result.status === 0) return;
  fail(command, args, result.error?.message ?? result.status ?? result.signal);
}

function fail(command, args, how) {
  process.stderr.write(`failed: ${command} ${args.join(" ")} (${how})\n`);
  process.exit(Number(how) || 1);
}

function step(name, work) {
  const started = performance.now();
  process.stdout.write(`> ${name}\n`);
  work();
  process.stdout.write(`  ${name}: ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
}

/** Runs a command beside the steps that follow; its failure ends the task when it is waited for. */
async function started(name, command, args) {
  const began = performance.now();
  const child = spawn(command, args, { cwd: root, stdio: "inherit", shell: onWindows, env: environment });
  const [code, signal] = await once(child, "close");
  if (code !== 0) fail(command, args, code ?? signal);
  process.stdout.write(`  ${name}: ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
}

function install() {
  if (!existsSync(join(pnpmHome, "node_modules", "pnpm", "package.json"))) {
    const flags = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    step(`fetch ${packageManager}`, () =>
      run("npm", ["install", "--prefix", pnpmHome, ...flags, packageManager]),
    );
  }
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "pnpm-lock.yaml")))
    .digest("hex");
  const stamp = join(root, "node_modules", ".bootstrap");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  step("install", () =>
    run("pnpm", [
      "install",
      "--frozen-lockfile",
      "--prefer-offline",
      "--reporter=append-only",
      "--loglevel=warn",
    ]),
  );
  writeFileSync(stamp, lock);
}

const turbo = (...args) =>
  run("turbo", ["run", ...args, "--concurrency=2", "--output-logs=errors-only", "--log-order=grouped"]);
const node = (...args) => run(process.execPath, args);
const jest = (args, extra) =>
  run(
    process.execPath,
    [
      "--experimental-vm-modules",
      "--disable-warning=ExperimentalWarning",
      join(root, "node_modules/jest/bin/jest.js"),
      "--ci",
      ...args,
    ],
    extra,
  );

/** Everything that is not a test, cheapest first. */
async function check() {
  step("format and lint", () => run("biome", ["check", "."]));
  step("house rules", () => node("tooling/checks/house-rules.mjs"));
  step("embedded scripts", () => node("tooling/embed/generate.mjs", "--check"));
  step("boundaries", () => {
    run("turbo", ["boundaries"]);
    node("tooling/checks/dependencies.mjs");
  });
  step("build", () => turbo("build"));
  const typedLint = started("typed lint", "eslint", ["packages"]); // keeps one core busy as long as the others do the other
  step("types", () => {
    for (const project of ["tooling/tsconfig/sources.json", "tsconfig.json", "apps/console/tsconfig.json"])
      run("tsc", ["-p", project]);
  });
  step("packages", () => node("tooling/checks/packages.mjs"));
  step("public surface", () => node("tooling/checks/api.mjs"));
  step("unused code", () => run("knip", []));
  step("size", () => run("size-limit", []));
  step("documentation", () => node("tooling/docs/generate.mjs", "--check"));
  await typedLint;
}

const tasks = {
  build: () => turbo("build"),
  check,
  test: async (args) => {
    if (args.length === 0) await check();
    jest(args);
  },
  soak: (args) => {
    turbo("build");
    // Fifty times the runs, beside suites that keep both cores busy for minutes.
    jest(["--testTimeout=120000", ...args], { BALDUR_SOAK: "1" });
  },
  demo: (args) => {
    turbo("build", "--filter=@baldur/demo...");
    node("apps/demo/src/main.mjs", ...args);
  },
  bench: (args) => {
    turbo("build", "--filter=@baldur/bench^...");
    node("tooling/bench/src/main.mjs", ...args);
  },
  format: () => run("biome", ["check", "--write", "."]),
  embed: () => node("tooling/embed/generate.mjs"),
  api: () => {
    turbo("build", "--filter=./packages/*");
    node("tooling/checks/api.mjs", "--accept");
  },
  docs: () => {
    turbo("build", "--filter=./packages/*");
    node("tooling/docs/generate.mjs");
  },
};

/** What follows would fail on an older Node, and not say why. */
function requireNode(oldest) {
  const present = process.versions.node;
  const [major, minor] = oldest.split(".").map(Number);
  const [own, ownMinor] = present.split(".").map(Number);
  if (own > major || (own === major && ownMinor >= minor)) return;
  process.stderr.write(`this repository needs Node ${oldest} or later; this is Node ${present}\n`);
  process.exit(1);
}

requireNode(engines.node.replace(">=", ""));
const [name, ...args] = process.argv.slice(2);
const task = Object.hasOwn(tasks, name ?? "") ? tasks[name] : undefined;
if (task === undefined) {
  process.stderr.write(`unknown task ${name}; known are ${Object.keys(tasks).join(", ")}\n`);
  process.exit(1);
}
install();
await task(args);
