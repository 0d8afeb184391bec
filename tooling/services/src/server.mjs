import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atExit } from "./at-exit.mjs";
import { LOG, launch } from "./launch.mjs";
import { until } from "./until.mjs";

export const temporaryFolder = (name) => mkdtempSync(join(tmpdir(), `baldur-${name}-`));

export const remove = (folder) => rmSync(folder, { recursive: true, force: true, maxRetries: 10 });

/**
 * Starts a server in its folder and waits until `ready` does not throw.
 * `stopSignal` is the one that ends it in good order; `identity` the user that it runs as; `erase` puts its data back to
 * what its first start found.
 */
export async function startServer({ command, args, folder, env, identity, stopSignal, ready, erase }) {
  const begin = () => launch({ command, args, folder, env, identity });
  let run = begin();
  const forget = atExit(() => {
    run.abandon();
    remove(folder);
  });
  const server = {
    get pid() {
      return run.pid;
    },
    async stop() {
      await run.end(stopSignal);
      forget();
      remove(folder);
    },
    kill: () => run.kill(),
    async restart({ keepData = true } = {}) {
      await run.end(stopSignal);
      if (!keepData) await erase();
      run = begin();
      await untilReady(run, ready, folder);
    },
    pause: () => run.pause(),
    resume: () => run.resume(),
  };
  await untilReady(run, ready, folder).catch(async (error) => {
    await server.stop();
    throw error;
  });
  return server;
}

async function untilReady(run, ready, folder) {
  const answers = async () => {
    if (!run.isGone) await ready();
    return true;
  };
  try {
    await until(answers, "its answer");
    if (run.isGone) throw new Error("it ended");
  } catch (error) {
    const log = readFileSync(join(folder, LOG), "utf8").slice(-2000);
    throw new Error(`the server did not start: ${error.message}\n${log}`, { cause: error });
  }
}
