import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const WORKER = fileURLToPath(new URL("./worker.mjs", import.meta.url));
const DUMP = fileURLToPath(new URL("./dump.mjs", import.meta.url));
const LICENSE = fileURLToPath(new URL("../../../../tooling/license/development.license", import.meta.url));
const GIVEN_UP = 120_000;

/** Large counts in a soak. */
export const isSoak: boolean = process.env["BALDUR_SOAK"] === "1";

/** A server that the store is on, with the options of its plugin. */
export interface StoreServer {
  readonly kind: "sql" | "redis";
  readonly options: object;
}

/** See `worker.mjs`. */
export interface WorkerOptions {
  readonly captures?: number;
  readonly replays?: boolean;
  readonly empties?: boolean;
  readonly automatic?: boolean;
  readonly concurrency?: number;
  readonly maxRetries?: number;
  readonly lease?: number;
  readonly seed?: number;
  readonly failpoint?: { readonly point: string; readonly crossing: number } | undefined;
  readonly refused?: number;
  readonly work?: number;
  readonly failing?: number;
  readonly stopsIn?: number;
  readonly events?: readonly string[];
}

/** A process that works on the store of a folder. */
export interface Worker {
  readonly process: ChildProcess;
  readonly pid: number;
  /** What it said after a word. */
  said(word: string): string[];
  /** Resolves when it says the word; rejects when it ends before. */
  says(word: string): Promise<void>;
  /** Resolves with its exit code, or the signal that ended it. Rejects with what it wrote to its error stream. */
  readonly ended: Promise<number | string>;
}

/** A folder, and the processes that work on its store. */
export class Workers implements AsyncDisposable {
  readonly all: Worker[] = [];

  private constructor(
    readonly folder: string,
    private readonly server: StoreServer | undefined,
  ) {}

  /** The store is in the folder, or on the server. */
  static async create(server?: StoreServer): Promise<Workers> {
    return new Workers(await mkdtemp(join(tmpdir(), "baldur-crash-")), server);
  }

  start(options: WorkerOptions): Worker {
    const all = { folder: this.folder, server: this.server, ...options };
    const child = spawn(process.execPath, [WORKER, JSON.stringify(all)], {
      env: { PATH: process.env["PATH"], HOME: this.folder, BALDUR_LICENSE_FILE: LICENSE },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const worker = observed(child);
    this.all.push(worker);
    return worker;
  }

  get acknowledged(): string[] {
    return this.all.flatMap((worker) => worker.said("ack"));
  }

  get journal(): string[] {
    const path = join(this.folder, "journal");
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, "utf8").split("\n");
    lines.pop();
    return lines;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { process: child, ended } of this.all) {
      child.kill("SIGKILL");
      await ended.catch(() => undefined); // who waited for it was told
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** What is in the stores of the folders, read by a process that never had them open. */
export async function dump(folders: readonly string[]): Promise<[key: string, value: string][][]> {
  const child = spawn(process.execPath, [DUMP, ...folders], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`the stores cannot be read: ${code}`);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

function observed(child: ChildProcess): Worker {
  const lines: string[] = [];
  const waiting = new Map<string, () => void>();
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  if (child.stdout === null) throw new Error("it has no output");
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    waiting.get(line.split(" ")[0] as string)?.();
  });
  const timer = setTimeout(() => {
    stderr += `it did not end within ${GIVEN_UP} ms`;
    child.kill("SIGKILL");
  }, GIVEN_UP);
  const ended = once(child, "close").then(([code, signal]) => {
    clearTimeout(timer);
    if (stderr !== "") throw new Error(`process ${child.pid} ended with ${code ?? signal}: ${stderr}`);
    return (code ?? signal) as number | string;
  });
  ended.catch(() => undefined); // whoever waits for it is told
  const said = (word: string): string[] =>
    lines.filter((line) => line.split(" ")[0] === word).map((line) => line.slice(word.length + 1));
  const says = async (word: string): Promise<void> => {
    if (said(word).length > 0) return;
    const heard = new Promise<void>((resolve) => waiting.set(word, resolve));
    const how = await Promise.race([heard, ended]);
    if (how !== undefined && said(word).length === 0)
      throw new Error(`the process ended with ${how} and did not say ${word}`);
  };
  return { process: child, pid: child.pid as number, said, says, ended };
}
