import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ask, until } from "../adapter/client.js";

/** Milliseconds for a process to start, on a machine that has others to run. */
const PATIENCE = 60_000;

/** A service that runs in a process of its own, and is started again and again on one port. */
export class Service {
  readonly #folder = mkdtempSync(join(tmpdir(), "baldur-service-"));
  #child: ChildProcess | undefined;
  #errors = "";

  constructor(
    readonly port: number,
    script: string,
    private readonly env: Readonly<Record<string, string>>,
  ) {
    writeFileSync(join(this.#folder, "service.mjs"), script);
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, [join(this.#folder, "service.mjs"), String(this.port)], {
      cwd: this.#folder,
      env: { PATH: process.env["PATH"], HOME: this.#folder, BALDUR_DATA_DIR: this.#folder, ...this.env },
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#child = child;
    this.#errors = "";
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      this.#errors += chunk;
    });
    const ready = async (): Promise<boolean> => {
      if (child.exitCode === null) return isReady(this.port);
      throw new Error(`the service ended with ${child.exitCode}: ${this.#errors}`);
    };
    await until(`a service on ${this.port}`, ready, PATIENCE);
  }

  /** Asks it to go, and answers how it went. */
  async stop(): Promise<{
    readonly code: number | null;
    readonly signal: string | null;
    readonly errors: string;
  }> {
    const child = this.#child as ChildProcess;
    const closed = once(child, "close");
    child.kill("SIGTERM");
    const [code, signal] = (await closed) as [number | null, string | null];
    return { code, signal, errors: this.#errors };
  }

  async remove(): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "close");
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export async function isReady(port: number): Promise<boolean> {
  const answer = await ask(port, "/api/baldur/health/ready").catch(() => undefined);
  return answer?.status === 200;
}
