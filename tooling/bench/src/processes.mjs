import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const TIMEOUT = 120_000;
const child = (file) => fileURLToPath(new URL(`./children/${file}`, import.meta.url));

/** Whether processes can be tied to a core each: `taskset` is there, and lets us use the first two. */
const PINNING = ["0", "1"].every((core) => spawnSync("taskset", ["-c", core, "true"]).status === 0);

/** Runs a script of `children/` to its end and returns what it printed. */
export function run(file, args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [child(file), ...args], {
    encoding: "utf8",
    timeout: TIMEOUT,
  });
  if (status !== 0) throw new Error(`${file} ${args.join(" ")}: ${/^\w*Error\b.*/m.exec(stderr) ?? status}`);
  return stdout;
}

/** Starts a script of `children/` that answers messages one at a time. */
export function startChild(file, { args = [], flags = [], core } = {}) {
  const node = [process.execPath, ...flags];
  const [execPath, ...execArgv] =
    PINNING && core !== undefined ? ["taskset", "-c", String(core), ...node] : node;
  const started = fork(child(file), args, { execPath, execArgv });
  const exited = once(started, "exit");
  const deadline = setTimeout(() => started.kill("SIGKILL"), TIMEOUT);
  return {
    async request(message) {
      const answer = once(started, "message");
      started.send(message);
      const gone = exited.then(([code]) =>
        Promise.reject(new Error(`${file} ended with ${code} before it answered`)),
      );
      const [value] = await Promise.race([answer, gone]);
      return value;
    },
    async stop() {
      clearTimeout(deadline);
      if (started.connected) started.disconnect(); // the scripts end with their channel
      await exited;
    },
  };
}

/** Starts a script, takes its one answer and stops it. */
export async function ask(file, options) {
  const started = startChild(file, options);
  try {
    return await started.request("measure");
  } finally {
    await started.stop();
  }
}
