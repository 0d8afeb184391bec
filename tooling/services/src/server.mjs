import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { HOST } from "./conversation.mjs";

const READY_WITHIN = 20_000;
const STOPS_WITHIN = 8000;
const LOG = "server.log";
/** Lets the kernel end a server whose parent is gone, however it went; without it only an orderly exit does. */
const TIED = ["setpriv", "--pdeathsig", "KILL", "--"];
const canTie = () => spawnSync(TIED[0], [...TIED.slice(1), "true"]).status === 0;

/** A port of the loopback interface that was free a moment ago. */
export async function freePort() {
  const probe = createServer().listen(0, HOST);
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

export const temporaryFolder = (name) => mkdtempSync(join(tmpdir(), `baldur-${name}-`));

export const remove = (folder) => rmSync(folder, { recursive: true, force: true, maxRetries: 10 });

/**
 * Starts a server in its folder and waits until `ready` does not throw.
 * `stopSignal` is the one that ends it in good order; `identity` the user that it runs as.
 */
export async function startServer({ command, args, folder, env, identity, stopSignal, ready }) {
  const log = openSync(join(folder, LOG), "a");
  const [file, ...words] = [...(canTie() ? TIED : []), command, ...args];
  const child = spawn(file, words, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ["ignore", log, log],
    ...identity,
  });
  closeSync(log);
  const gone = new Promise((resolve) => child.once("exit", resolve).once("error", resolve));
  const onExit = () => {
    child.kill("SIGKILL");
    remove(folder);
  };
  process.once("exit", onExit);

  const end = async (signal) => {
    child.kill(signal);
    const late = setTimeout(() => child.kill("SIGKILL"), STOPS_WITHIN);
    await gone;
    clearTimeout(late);
  };
  const server = {
    pid: child.pid,
    /** Ends the server and removes its folder. */
    async stop() {
      await end(stopSignal);
      process.off("exit", onExit);
      remove(folder);
    },
    /** Ends the server as a crash would; its folder stays until `stop`. */
    kill: () => end("SIGKILL"),
  };
  await untilReady(ready, gone, join(folder, LOG)).catch(async (error) => {
    await server.stop();
    throw error;
  });
  return server;
}

async function untilReady(ready, gone, log) {
  let ended = false;
  gone.then(() => {
    ended = true;
  });
  const deadline = performance.now() + READY_WITHIN;
  for (;;) {
    try {
      return await ready();
    } catch (error) {
      const reason = ended ? "it ended" : error.message;
      if (ended || performance.now() > deadline)
        throw new Error(`the server did not start: ${reason}\n${readFileSync(log, "utf8").slice(-2000)}`);
    }
    await sleep(10);
  }
}
