import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The built packages, as users load them. */
export const built = (file: string): string =>
  JSON.stringify(fileURLToPath(new URL(`../../${file}`, import.meta.url)));

/** Opens the database of the DSN that is its first argument, as the plugin does, and answers to `say`. */
export const OPENS = `
import { createBaldur } from ${built("core/dist/index.js")};
import { postgres } from ${built("postgres/dist/index.js")};
const [, , dsn, ...args] = process.argv;
const say = (line) => process.stdout.write(JSON.stringify(line) + "\\n");
const events = [];
const quiet = () => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
let database;
const probe = { name: "probe", register: (context) => {
  const defaults = ({ fields }) => Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, field.default]));
  const provider = (_, factory) => { database = factory(); };
  postgres({ dsn }).register({ ...context, provider, settings: defaults });
} };
const settings = { control: { backend: "memory" } };
const baldur = createBaldur({ discover: false, plugins: [probe], logger, settings });
baldur.telemetry.subscribe(({ name, payload }) => events.push({ name, ...payload }));
await baldur.start();
database = await database;
`;

export interface Child {
  readonly process: ChildProcess;
  readonly lines: unknown[];
  readonly stderr: () => string;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** The line that it says next. */
  next(): Promise<unknown>;
}

export interface Script {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly extension?: "mjs" | "cjs";
}

/** Runs scripts in processes of their own, and ends those that are left. */
export class Children implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "baldur-children-"));
  readonly #running: Child[] = [];
  #scripts = 0;

  run(script: string, { args = [], env = {}, extension = "mjs" }: Script = {}): Child {
    const file = join(this.#folder, `${++this.#scripts}.${extension}`);
    writeFileSync(file, script);
    const child = spawn(process.execPath, [file, ...args], {
      env: { PATH: process.env["PATH"], HOME: this.#folder, ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const made = observed(child);
    this.#running.push(made);
    return made;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { process: child, ended } of this.#running) {
      child.kill("SIGKILL");
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function observed(child: ChildProcess): Child {
  const lines: unknown[] = [];
  const waiting: ((line: unknown) => void)[] = [];
  let [stderr, told] = ["", 0];
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = once(child, "close").then(([code, signal]) => (code ?? signal) as number | string);
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(JSON.parse(line));
      const listener = waiting.shift();
      if (listener !== undefined) listener(lines[told++]);
    });
  const next = (): Promise<unknown> =>
    told < lines.length
      ? Promise.resolve(lines[told++])
      : Promise.race([
          new Promise((resolve) => waiting.push(resolve)),
          ended.then((how) => {
            throw new Error(`the process ended with ${how}: ${stderr}`);
          }),
        ]);
  return { process: child, lines, stderr: () => stderr, ended, next };
}
