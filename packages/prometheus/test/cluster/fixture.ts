import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type ParsedFamily, parse } from "../grammar.js";

const PROCESS = fileURLToPath(new URL("./process.mjs", import.meta.url));
const DEADLINE = 30_000;
const PAUSE = 20;

interface Options {
  readonly workers: number;
  readonly primary?: "runtime" | "aggregate";
  readonly aggregate?: boolean;
  /** Milliseconds. */
  readonly workerTimeout?: number;
}

interface Said {
  readonly id: number | string;
  readonly pid?: number;
  readonly port?: number;
  readonly exited?: boolean;
}

/** A process that has a page. */
export class Peer {
  constructor(
    readonly pid: number,
    private readonly port: number,
  ) {}

  async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`, { headers });
  }

  async work(kind: string, count: number): Promise<void> {
    await this.get("/work", { "x-kind": kind, "x-count": String(count) });
  }

  async read(accept = "text/plain"): Promise<Map<string, ParsedFamily>> {
    const page = await this.get("/metrics", { accept });
    return parse(await page.text(), accept !== "text/plain");
  }

  /** Lines of a family, by their labels. */
  async lines(family: string): Promise<Record<string, number>> {
    const samples = (await this.read()).get(family)?.samples ?? [];
    return Object.fromEntries(samples.map(({ labels, value }) => [Object.values(labels).join(" "), value]));
  }

  async events(): Promise<string[]> {
    return (await (await this.get("/events")).json()) as string[];
  }
}

/** A primary process and its workers. */
export class Processes {
  readonly #said: Said[] = [];
  readonly #child: ChildProcess;

  constructor(options: Options) {
    this.#child = spawn(process.execPath, [PROCESS, JSON.stringify(options)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    if (this.#child.stdout === null) throw new Error("the child has no output");
    createInterface({ input: this.#child.stdout }).on("line", (line) =>
      this.#said.push(JSON.parse(line) as Said),
    );
  }

  /** Resolves once a process of this number, or name, has a page. */
  async peer(id: number | string): Promise<Peer> {
    const { pid, port } = await this.#hear((said) => said.id === id && said.port !== undefined);
    return new Peer(pid as number, port as number);
  }

  tell(order: "fork" | "aggregate"): void {
    this.#child.stdin?.write(`${order}\n`);
  }

  heard(id: number | string): Promise<Said> {
    return this.#hear((said) => said.id === id);
  }

  ended(id: number): Promise<Said> {
    return this.#hear((said) => said.id === id && said.exited === true);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.stdin?.end();
    await once(this.#child, "exit");
  }

  async #hear(is: (said: Said) => boolean): Promise<Said> {
    return until(() => {
      if (this.#child.exitCode !== null) throw new Error("the processes have ended");
      return this.#said.find(is);
    });
  }
}

/** Asks until there is an answer. */
export async function until<T>(ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const end = performance.now() + DEADLINE;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > end) throw new Error("it did not come to pass");
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}
