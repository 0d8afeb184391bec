import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const packages = fileURLToPath(new URL("../..", import.meta.url));
/** Folders by package. */
const FOLDERS: Readonly<Record<string, string>> = {
  "@baldur/core": "core",
  "@baldur/embedded": "embedded",
  "@baldur/pro": "pro",
  "@baldur/pro-dlq": "pro-dlq",
};

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  /** The same, where it is JSON. */
  readonly answer: unknown;
  /** What is logged, by event. */
  readonly events: readonly string[];
}

/** An application in a folder of its own, with the built packages installed: its dependencies, and others beside them. */
export class Application implements Disposable {
  readonly #root = mkdtempSync(join(tmpdir(), "baldur-application-"));
  readonly #folder = join(this.#root, "app");
  readonly #home = join(this.#root, "home");

  constructor(dependencies: readonly string[], beside: readonly string[] = []) {
    mkdirSync(join(this.#folder, "node_modules/@baldur"), { recursive: true });
    mkdirSync(this.#home);
    for (const name of [...dependencies, ...beside])
      symlinkSync(
        join(packages, FOLDERS[name] as string),
        join(this.#folder, "node_modules", name),
        "junction",
      );
    const manifest = {
      name: "shop",
      dependencies: Object.fromEntries(dependencies.map((name) => [name, "*"])),
    };
    writeFileSync(join(this.#folder, "package.json"), JSON.stringify(manifest));
  }

  /** Runs a script of it until it exits by itself. */
  run(
    script: string,
    {
      flags = [],
      env = {},
      format = "mjs",
    }: { flags?: string[]; env?: Record<string, string>; format?: "mjs" | "cjs" } = {},
  ): Ran {
    const file = join(this.#folder, `main.${format}`);
    writeFileSync(file, script);
    return ran(
      spawnSync(process.execPath, [...flags, file], {
        cwd: this.#folder,
        env: { PATH: process.env["PATH"], HOME: this.#home, ...env },
        encoding: "utf8",
        timeout: 20_000,
      }),
    );
  }

  /** What it left on the disk. */
  files(): string[] {
    return readdirSync(this.#home, { recursive: true }) as string[];
  }

  [Symbol.dispose](): void {
    rmSync(this.#root, { recursive: true, force: true });
  }
}

function ran({ status, stdout, stderr }: SpawnSyncReturns<string>): Ran {
  const logged = stderr.split("\n").filter((line) => line.startsWith("{"));
  const events = logged.map((line) => (JSON.parse(line) as { event: string }).event);
  const isJson = /^[[{\d"]/.test(stdout) && !/\n/.test(stdout);
  return { code: status, stdout, answer: isJson ? JSON.parse(stdout) : undefined, events };
}
