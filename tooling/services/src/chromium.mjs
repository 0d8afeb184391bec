import { spawnSync } from "node:child_process";
import { isExecutable, onPath } from "./find.mjs";

const VARIABLE = "BALDUR_CHROMIUM";
const PROGRAMS = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
const INSTALL = `install one (Debian: apt-get install chromium) or set ${VARIABLE} to its path`;
/** Milliseconds that a hundred megabytes may take. */
const PATIENCE = 300_000;

/** What a browser is started with that is there for a test: without a sandbox for root has none, and quiet on the network. */
export const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

/** The path of a Chromium. Root on Debian gets one installed where there is none. */
export function findChromium() {
  const named = process.env[VARIABLE];
  if (named !== undefined) {
    if (isExecutable(named)) return named;
    throw new Error(`${VARIABLE} names ${named}, which is no program that can be run`);
  }
  return onPath(...PROGRAMS) ?? installed();
}

/** Unlike a server it cannot be unpacked beside the system: it needs too much of it. */
function installed() {
  const looked = `no Chromium: ${VARIABLE} is not set and the PATH has no ${PROGRAMS.join(" or ")}`;
  if (onPath("apt-get") === undefined || process.getuid?.() !== 0) throw new Error(`${looked}; ${INSTALL}`);
  try {
    run("update");
    run("install", "--yes", "--no-install-recommends", "chromium");
  } catch (error) {
    throw new Error(`${looked}, and it could not be installed: ${error.message}; ${INSTALL}`);
  }
  const found = onPath(...PROGRAMS);
  if (found === undefined) throw new Error(`${looked}, though one was just installed; ${INSTALL}`);
  return found;
}

function run(...args) {
  const options = ["-o", "DPkg::Lock::Timeout=300"]; // somebody else may be installing
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const { status, stderr, error } = spawnSync("apt-get", [...options, ...args], {
    env,
    encoding: "utf8",
    timeout: PATIENCE,
  });
  if (status !== 0) throw new Error(`apt-get ${args[0]}: ${error?.message ?? stderr.trim()}`);
}
