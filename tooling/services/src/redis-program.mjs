import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isExecutable, onPath } from "./find.mjs";
import { remove } from "./server.mjs";

const VARIABLE = "BALDUR_REDIS_SERVER";
const PROGRAMS = ["redis-server", "valkey-server"];
const CACHE = fileURLToPath(new URL("../../../.cache/services", import.meta.url));
const UNPACKED = join(CACHE, "redis");
const PACKAGES = ["redis-server", "redis-tools"];
/** Libraries that no Debian is without. */
const EVERYWHERE = ["libc6", "libsystemd0", "libelogind0"];
const INSTALL = `install one (Debian: apt-get install redis-server; macOS: brew install redis) or set ${VARIABLE} to its path`;

/** The program, and what it needs of the environment; fetches it where there is none. */
export function findRedis() {
  const named = process.env[VARIABLE];
  if (named !== undefined) {
    if (isExecutable(named)) return { command: named };
    throw new Error(`${VARIABLE} names ${named}, which is no program that can be run`);
  }
  const installed = onPath(...PROGRAMS);
  return installed === undefined ? unpacked() : { command: installed };
}

/** Debian's packages, unpacked into the cache of the repository: nothing is installed. */
function unpacked() {
  const command = join(UNPACKED, "usr/bin/redis-server");
  if (!isExecutable(command)) unpack();
  const libraries = join(UNPACKED, "usr/lib");
  const folders = readdirSync(libraries).map((triplet) => join(libraries, triplet));
  return { command, env: { LD_LIBRARY_PATH: folders.join(":") } };
}

function unpack() {
  const looked = `no Redis: ${VARIABLE} is not set and the PATH has no ${PROGRAMS.join(" or ")}`;
  if (onPath("apt-get") === undefined || onPath("dpkg") === undefined)
    throw new Error(`${looked}, nor apt-get to fetch one; ${INSTALL}`);
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, "unpack-"));
  try {
    download(folder);
    const files = readdirSync(folder).filter((file) => file.endsWith(".deb"));
    for (const file of files) run("dpkg", ["-x", file, "redis"], folder);
    // Another process may have been faster: then its folder stays.
    if (!existsSync(UNPACKED)) renameSync(join(folder, "redis"), UNPACKED);
  } catch (error) {
    throw new Error(`${looked}, and its Debian packages could not be unpacked: ${error.message}; ${INSTALL}`);
  } finally {
    remove(folder);
  }
}

/** With the machine's lists of packages, else with lists of our own: those of a new container are empty. */
function download(folder) {
  try {
    run("apt-get", ["download", ...packages([])], folder);
  } catch {
    const state = join(folder, "apt");
    mkdirSync(join(state, "lists/partial"), { recursive: true });
    mkdirSync(join(state, "cache/archives/partial"), { recursive: true });
    const own = [`Dir::State::Lists=${state}/lists`, `Dir::Cache=${state}/cache`].flatMap((o) => ["-o", o]);
    run("apt-get", [...own, "update"], folder);
    run("apt-get", [...own, "download", ...packages(own)], folder);
  }
}

/** Redis and the libraries that it is linked with: a bare machine lacks even that of OpenSSL. */
function packages(options) {
  const listed = run("apt-cache", [...options, "depends", ...PACKAGES]);
  const libraries = [...listed.matchAll(/^[ |]*Depends: (\S+)$/gm)].map(([, name]) => name);
  const needed = libraries.filter((name) => /^(lib|lua-)/.test(name) && !EVERYWHERE.includes(name));
  return [...PACKAGES, ...new Set(needed)];
}

function run(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    timeout: 120_000,
  });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? stderr.trim()}`);
  return stdout;
}
