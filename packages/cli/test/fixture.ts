import { once } from "node:events";
import { createServer } from "node:http";
import { startAdminServer } from "@baldur/admin";
import { type Baldur, type BaldurOptions, createBaldur } from "@baldur/core";
import { type CliIo, run } from "../src/index.js";

type Server = Awaited<ReturnType<typeof startAdminServer>>;
type ServerOptions = NonNullable<Parameters<typeof startAdminServer>[0]>;

const quiet = (): undefined => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };

export const KEY = "the-key-of-the-test";
export const READONLY_KEY = "the-read-only-key";

/** What a command has printed, and what it exits with. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Asking {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly isTTY?: boolean;
  readonly cwd?: string;
}

/** Runs a command in this process. */
export async function cli(
  argv: readonly string[],
  { env = {}, isTTY = false, cwd }: Asking = {},
): Promise<Outcome> {
  const texts = { stdout: "", stderr: "" };
  const output = (name: keyof typeof texts): CliIo["stdout"] => ({
    isTTY,
    write: (text) => void (texts[name] += text),
  });
  const io = { stdout: output("stdout"), stderr: output("stderr"), env, cwd: cwd ?? process.cwd() };
  const code = await run(argv, io);
  return { code, out: texts.stdout, err: texts.stderr };
}

/** Where a server was, and is no more. */
export async function deadUrl(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return `http://127.0.0.1:${port}`;
}

/** A real runtime with a real admin server. */
export class Service implements AsyncDisposable {
  private constructor(
    readonly baldur: Baldur,
    readonly server: Server,
  ) {}

  static async start(options: ServerOptions = {}, runtime: BaldurOptions = {}): Promise<Service> {
    const { settings, ...rest } = runtime;
    const baldur = createBaldur({
      discover: false,
      env: {},
      logger,
      settings: { control: { backend: "memory" }, ...settings },
      ...rest,
    });
    await baldur.start();
    return new Service(baldur, await startAdminServer({ baldur, port: 0, ...options }));
  }

  get url(): string {
    return this.server.url;
  }

  /** Runs a command against it. */
  ask(argv: readonly string[], { env, ...asking }: Asking = {}): Promise<Outcome> {
    return cli(argv, { ...asking, env: { BALDUR_ADMIN_URL: this.url, ...env } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop({ timeout: 0 });
    await this.baldur.close();
  }
}
