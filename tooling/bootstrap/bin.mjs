// Runs a task of the repository on a machine that has only Node and npm. No dependencies of its own.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
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

/** What runs now. This process waits for it to end. */
const running = new Set();
let interrupted;

// A terminal tells everyone of these; whoever ends a process by its id tells that one only.
for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"])
  process.on(signal, () => {
    if (running.size === 0) process.exit(128 + constants.signals[signal]);
    interrupted ??= signal;
    if (signal === "SIGTERM") endAll();
  });

// npm tells its shell, which ends without a word to what it started.
const parent = process.ppid;
const watch = setInterval(() => {
  if (process.ppid === parent || environment.npm_lifecycle_event === undefined) return;
  clearInterval(watch);
  process.kill(process.pid);
}, 500).unref();

function endAll() {
  for (const child of running) child.kill();
}

/** Runs a command to its end; a failure ends the task with the command's name and code. */
async function run(command, args, extra = {}) {
  const env = { ...environment, ...extra };
  const child = spawn(command, args, { cwd: root, stdio: "inherit", shell: onWindows, env });
  running.add(child);
  try {
    const [code, signal] = await once(child, "close");
    if (code !== 0 || interrupted !== undefined) fail(command, args, code || (signal ?? interrupted));
  } catch (error) {
    fail(command, args, error.message);
  } finally {
    running.delete(child);
  }
}

function fail(command, args, how) {
  if (interrupted === undefined) process.stderr.write(`failed: ${command} ${args.join(" ")} (${how})\n`);
  endAll();
  process.exit(how in constants.signals ? 128 + constants.signals[how] : Number(how) || 1);
}

async function step(name, work) {
  const started = performance.now();
  process.stdout.write(`> ${name}\n`);
  await work();
  process.stdout.write(`  ${name}: ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
}

async function install() {
  if (!existsSync(join(pnpmHome, "node_modules", "pnpm", "package.json"))) {
    const flags = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    await step(`fetch ${packageManager}`, () =>
      run("npm", ["install", "--prefix", pnpmHome, ...flags, packageManager]),
    );
  }
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "pnpm-lock.yaml")))
    .digest("hex");
  const stamp = join(root, "node_modules", ".bootstrap");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  await step("install", () =>
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
  await step("format and lint", () => run("biome", ["check", "."]));
  await step("house rules", () => node("tooling/checks/house-rules.mjs"));
  await step("embedded scripts", () => node("tooling/embed/generate.mjs", "--check"));
  await step("boundaries", async () => {
    await run("turbo", ["boundaries"]);
    await node("tooling/checks/dependencies.mjs");
  });
  await step("build", () => turbo("build"));
  // Keeps one core busy as long as the others do the other.
  const typedLint = step("typed lint", () => run("eslint", ["packages"]));
  await step("types", async () => {
    for (const project of ["tooling/tsconfig/sources.json", "tsconfig.json", "apps/console/tsconfig.json"])
      await run("tsc", ["-p", project]);
  });
  await step("packages", () => node("tooling/checks/packages.mjs"));
  await step("public surface", () => node("tooling/checks/api.mjs"));
  await step("unused code", () => run("knip", []));
  await step("size", () => run("size-limit", []));
  await step("documentation", () => node("tooling/docs/generate.mjs", "--check"));
  await typedLint;
}

const tasks = {
  build: () => turbo("build"),
  check,
  test: async (args) => {
    if (args.length === 0) await check();
    await jest(args);
  },
  soak: async (args) => {
    await turbo("build");
    // Fifty times the runs, beside suites that keep both cores busy.
    await jest(["--testTimeout=600000", ...args], { BALDUR_SOAK: "1" });
  },
  demo: async (args) => {
    await turbo("build", "--filter=@baldur/demo...");
    await node("apps/demo/src/main.mjs", ...args);
  },
  bench: async (args) => {
    await turbo("build", "--filter=@baldur/bench^...");
    await node("tooling/bench/src/main.mjs", ...args);
  },
  format: () => run("biome", ["check", "--write", "."]),
  embed: () => node("tooling/embed/generate.mjs"),
  api: async () => {
    await turbo("build", "--filter=./packages/*");
    await node("tooling/checks/api.mjs", "--accept");
  },
  docs: async () => {
    await turbo("build", "--filter=./packages/*");
    await node("tooling/docs/generate.mjs");
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
await install();
await task(args);
