import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Baldur, createBaldur, type SettingsByArea } from "@baldur/core";
import { type AdminRoute, definePlugin, type Plugin } from "@baldur/core/plugin";
import { type RecordedTelemetry, recordTelemetry } from "@baldur/testkit";
import {
  type AdminHandler,
  type AdminHandlerOptions,
  type AdminSettings,
  adminHandler,
  type RequestInfo,
} from "../src/index.js";
import type { AdminServer } from "../src/server/admin-server.js";
import { startAdminServer } from "../src/server/control.js";

const DEADLINE = 20_000;
const quiet = (): undefined => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };

export const KEY = "full-key-of-the-test";
export const READONLY_KEY = "read-only-key";

/** A plugin with routes. */
export function routed(...routes: readonly AdminRoute[]): Plugin {
  return definePlugin({ name: "test-routes", register: (context) => context.routes(...routes) });
}

interface Setup {
  readonly plugins?: readonly Plugin[];
  readonly settings?: SettingsByArea;
}

/** A runtime of a test, with what it told. */
export class TestRuntime implements AsyncDisposable {
  readonly telemetry: RecordedTelemetry;
  readonly #servers: AdminServer[] = [];

  private constructor(readonly baldur: Baldur) {
    this.telemetry = recordTelemetry(baldur);
  }

  static async start({ plugins = [], settings = {} }: Setup = {}): Promise<TestRuntime> {
    const control = { backend: "memory" } as const;
    const baldur = createBaldur({
      discover: false,
      env: {},
      logger,
      plugins,
      settings: { control, ...settings },
    });
    await baldur.start();
    return new TestRuntime(baldur);
  }

  handler(options: AdminHandlerOptions = {}): AdminHandler {
    return adminHandler(this.baldur, options);
  }

  async serve(options: Partial<AdminSettings> = {}): Promise<AdminServer> {
    const server = await startAdminServer({ baldur: this.baldur, port: 0, ...options });
    this.#servers.push(server);
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop({ timeout: 0 })));
    await this.baldur.close();
  }
}

export interface Asking extends RequestInfo {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly host?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The JSON of the body. */
  readonly json: Record<string, never>;
}

export const LOCAL: RequestInfo = { remoteAddress: "127.0.0.1" };
export const REMOTE: RequestInfo = { remoteAddress: "203.0.113.7" };

/** Asks a handler as a local program would, unless told otherwise: `POST /path`. */
export async function ask(handler: AdminHandler, route: string, asking: Asking = {}): Promise<Answer> {
  const { body, host = "127.0.0.1:9090", remoteAddress = "127.0.0.1" } = asking;
  const [method = "GET", path = "/"] = route.split(" ");
  const text = typeof body === "string" ? body : body === undefined ? undefined : JSON.stringify(body);
  const json = method === "GET" || method === "HEAD" ? {} : { "content-type": "application/json" };
  const request = new Request(`http://${host}${path}`, {
    method,
    headers: { ...json, ...asking.headers },
    ...(text !== undefined && { body: text }),
  });
  return answerOf(await handler(request, { remoteAddress }));
}

export async function answerOf(response: Response): Promise<Answer> {
  const { status, headers } = response;
  const isStream = headers.get("content-type")?.startsWith("text/event-stream");
  if (isStream) await response.body?.cancel(); // it would not end
  const text = isStream ? "" : await response.text();
  const isJson = /json/.test(headers.get("content-type") ?? "") && text !== "";
  return { status, headers, text, json: isJson ? JSON.parse(text) : {} };
}

export const byKey = (key: string): { headers: Record<string, string> } => ({
  headers: { "x-baldur-admin-key": key },
});

/** A connection on which a test writes what it likes. */
export class RawClient implements AsyncDisposable {
  readonly socket: Socket;
  received = "";
  closed = false;

  constructor(port: number, host = "127.0.0.1") {
    this.socket = connect({ port, host });
    this.socket.setNoDelay(true);
    this.socket.on("data", (chunk: Buffer) => void (this.received += chunk.toString("latin1")));
    this.socket.on("close", () => void (this.closed = true));
    this.socket.on("error", quiet);
  }

  write(...lines: readonly string[]): void {
    this.socket.write(lines.join("\r\n"));
  }

  /** Status codes of all answers so far. */
  get statuses(): number[] {
    return [...this.received.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map(([, code]) => Number(code));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await until("closed", () => this.socket.destroyed);
  }
}

/** Asks until the answer is yes. */
export async function until(what: string, test: () => unknown): Promise<void> {
  const end = performance.now() + DEADLINE;
  while (!(await test())) {
    if (performance.now() > end) throw new Error(`never came: ${what}`);
    await sleep(5);
  }
}
