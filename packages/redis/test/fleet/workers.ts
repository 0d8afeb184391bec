import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { CircuitBreakerOptions } from "@baldur/core";
import type { Line } from "./checker.js";

const WORKER = fileURLToPath(new URL("./worker.mjs", import.meta.url));

/** See `worker.mjs`. */
export interface WorkerOptions {
  readonly seed: number;
  readonly lanes?: number;
  readonly skew?: number;
  readonly hanging?: number;
}

export interface Fleet {
  readonly url: string;
  readonly namespace: string;
  readonly circuits: readonly string[];
  readonly circuitBreaker: CircuitBreakerOptions;
}

/** A process whose circuits are shared. */
export class Worker {
  readonly pid: number;
  readonly ended: Promise<unknown>;
  stderr = "";
  readonly #answers: unknown[] = [];
  readonly #waiting: ((answer: unknown) => void)[] = [];

  constructor(private readonly process: ChildProcess) {
    this.pid = process.pid as number;
    process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.ended = once(process, "close").then(() => this.#answered(undefined));
    if (process.stdout !== null)
      createInterface({ input: process.stdout }).on("line", (line) => this.#answered(JSON.parse(line)));
  }

  get isRunning(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /** What it says next; undefined once it is gone. */
  next(): Promise<unknown> {
    if (this.#answers.length > 0 || !this.isRunning) return Promise.resolve(this.#answers.shift());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async tell(order: unknown): Promise<unknown> {
    this.process.stdin?.write(`${JSON.stringify(order)}\n`);
    return this.next();
  }

  states(): Promise<readonly string[] | undefined> {
    return this.tell("states") as Promise<readonly string[] | undefined>;
  }

  signal(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    this.process.kill(signal);
  }

  #answered(answer: unknown): void {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) waiting(answer);
    else if (answer !== undefined) this.#answers.push(answer);
  }
}

/** Processes of one fleet, what their dependencies are like, and what they wrote down. */
export class Workers implements AsyncDisposable {
  readonly all: Worker[] = [];
  readonly folder: string = mkdtempSync(join(tmpdir(), "baldur-fleet-"));

  constructor(private readonly fleet: Fleet) {}

  async start(options: WorkerOptions): Promise<Worker> {
    const given = JSON.stringify({ ...this.fleet, ...options, folder: this.folder });
    const child = spawn(process.execPath, [WORKER, given], {
      env: { PATH: process.env["PATH"], HOME: this.folder },
      stdio: ["pipe", "pipe", "pipe"],
    });
    child.stdin.on("error", () => undefined); // it was killed
    const worker = new Worker(child);
    this.all.push(worker);
    if ((await worker.next()) !== "ready") throw new Error(`a worker did not start: ${worker.stderr}`);
    return worker;
  }

  get running(): Worker[] {
    return this.all.filter(({ isRunning }) => isRunning);
  }

  async kill(worker: Worker): Promise<void> {
    worker.signal("SIGKILL");
    await worker.ended;
    for (const name of this.fleet.circuits) this.note("killed", name, worker.pid);
  }

  down(name: string, isDown: boolean): void {
    const file = join(this.folder, `down-${name}`);
    if (isDown) writeFileSync(file, "");
    else rmSync(file, { force: true });
  }

  /** Something that the test did. */
  note(what: string, name: string, pid = 0): void {
    const at = Number(process.hrtime.bigint() / 1000n);
    appendFileSync(join(this.folder, "journal-test"), `${JSON.stringify([at, pid, what, name])}\n`);
  }

  /** What was written down, in order; a process may have been killed in the middle of a line. */
  get history(): Line[] {
    const journals = readdirSync(this.folder).filter((file) => file.startsWith("journal-"));
    const all = journals.flatMap((file) => {
      const lines = readFileSync(join(this.folder, file), "utf8").split("\n");
      lines.pop();
      return lines.map((line) => JSON.parse(line) as Line);
    });
    return all.sort((a, b) => a[0] - b[0]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.running) {
      worker.signal("SIGKILL");
      await worker.ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
