import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The built packages, as users load them. */
const built = (file: string): string =>
  JSON.stringify(fileURLToPath(new URL(`../../../${file}`, import.meta.url)));

/** A process of a fleet: its clock is off by as many milliseconds as its second argument says. */
const JOINS = `
import { createInterface } from "node:readline";
import { createBaldur } from ${built("core/dist/index.js")};
import { redisStores, systemClock } from ${built("core/dist/plugin.js")};
import { redis } from ${built("redis/dist/index.js")};
const [, , url, skew, namespace] = process.argv;
const say = (line) => process.stdout.write(JSON.stringify(line) + "\\n");
const quiet = () => undefined;
const own = systemClock();
const clock = {
  now: () => own.now() + Number(skew),
  monotonic: () => own.monotonic(),
  setTimeout: (callback, delay) => own.setTimeout(callback, delay),
  clearTimeout: (handle) => own.clearTimeout(handle),
};
let context;
const probe = { name: "probe", register: (given) => void (context = given) };
const baldur = createBaldur({
  discover: false,
  clock,
  plugins: [redis({ url, namespace }), probe],
  logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  settings: { control: { backend: "memory" } },
});
await baldur.start();
const client = context.redis();
const stores = await redisStores({ client, clock, telemetry: context.telemetry });
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const told = async () => (await lines.next()).value;
say("ready");
await told();
`;

export interface Child {
  readonly process: ChildProcess;
  /** Lets it go on after its start, and after every wait for \`told()\`. */
  tell(line?: string): void;
  /** What it says next. */
  next(): Promise<unknown>;
}

/** Runs scripts in processes of their own, and ends those that are left. */
export class Processes implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "baldur-redis-"));
  readonly #running: { readonly child: ChildProcess; readonly ended: Promise<unknown> }[] = [];

  /** Resolves when it has joined. It goes on when it is told to. */
  async run(
    script: string,
    { url, namespace, skew = 0 }: { url: string; namespace: string; skew?: number },
  ): Promise<Child> {
    const file = join(this.#folder, `${this.#running.length}.mjs`);
    writeFileSync(file, `${JOINS}${script}`);
    const child = spawn(process.execPath, [file, url, String(skew), namespace], {
      env: { PATH: process.env["PATH"] },
      stdio: ["pipe", "pipe", "inherit"],
    });
    const ended = once(child, "close");
    this.#running.push({ child, ended });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async (): Promise<unknown> => {
      const { value, done } = await lines.next();
      if (done === true) throw new Error("the process ended");
      return JSON.parse(value);
    };
    await next();
    return { process: child, tell: (line = "") => void child.stdin.write(`${line}\n`), next };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child, ended } of this.#running) {
      child.kill("SIGKILL");
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
