import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { json } from "node:stream/consumers";
import { servedPage } from "./page-file.js";
import type { Json, World } from "./world.js";

/** A request that changed something. */
export interface Posted {
  readonly path: string;
  readonly body: Json;
  readonly key: string | undefined;
}

export interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers in place of the usual one. "silence": never. */
export type Instead = Reply | "silence" | "garbage";

export interface StubOptions {
  readonly key?: string;
  readonly readonlyKey?: string;
}

/** A server that speaks the control API, says what a test wants it to, and can be killed and brought back. */
export class StubServer implements AsyncDisposable {
  readonly posted: Posted[] = [];
  /** By method and path, without the query: `GET health`. */
  readonly instead = new Map<string, Instead>();
  /** How often each path was asked. */
  readonly asked = new Map<string, number>();
  /** When anything was asked, in milliseconds of `performance`. */
  readonly moments: number[] = [];
  world: World;
  #server: Server | undefined;
  #port = 0;
  readonly #sockets = new Set<Socket>();
  readonly #streams = new Set<ServerResponse>();

  private constructor(
    world: World,
    private readonly options: StubOptions,
  ) {
    this.world = world;
  }

  static async start(world: World, options: StubOptions = {}): Promise<StubServer> {
    const stub = new StubServer(world, options);
    await stub.comeBack();
    return stub;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** Listens on the port that it had. */
  async comeBack(): Promise<void> {
    const server = createServer((request, response) => void this.#answer(request, response));
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** As a process that is killed: connections are cut. */
  async die(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.close();
    for (const socket of this.#sockets) socket.destroy();
    if (server?.listening) await once(server, "close");
  }

  /** Tells all who listen. */
  tell(event: string, data: unknown): void {
    for (const stream of this.#streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.die();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.url);
    const path = url.pathname.slice(1);
    const named = `${request.method} ${path}`;
    this.moments.push(performance.now());
    this.asked.set(named, (this.asked.get(named) ?? 0) + 1);
    if (path === "") return this.#page(response);
    const key = request.headers["x-baldur-admin-key"] as string | undefined;
    if (!this.#admits(key))
      return problem(response, 401, "UNAUTHENTICATED", "send the key in the header X-Baldur-Admin-Key");
    const instead = this.instead.get(named);
    if (instead === "silence") return;
    if (instead === "garbage") return void response.end("<html>a proxy's own page</html>");
    if (instead !== undefined) return reply(response, instead);
    if (path === "events") return this.#stream(response);
    const answer =
      request.method === "GET"
        ? this.#read(path, url.searchParams)
        : this.#write(path, (await json(request)) as Json, key);
    if (answer === undefined) return problem(response, 404, "NOT_FOUND", `there is no route ${path}`);
    reply(response, answer);
  }

  #page(response: ServerResponse): void {
    const { html, policy } = servedPage();
    response.writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy,
    });
    response.end(html);
  }

  #admits(key: string | undefined): boolean {
    const { key: full, readonlyKey } = this.options;
    return full === undefined || key === full || (key !== undefined && key === readonlyKey);
  }

  #stream(response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(":\n\n");
    this.#streams.add(response);
    const timer = setInterval(() => this.tell("tick", { at: new Date().toISOString() }), 2000);
    timer.unref();
    response.once("close", () => {
      clearInterval(timer);
      this.#streams.delete(response);
    });
  }

  #read(path: string, query: URLSearchParams): Reply | undefined {
    const { world } = this;
    const timestamp = new Date().toISOString();
    const parts: Record<string, unknown> = {
      posture: world.posture,
      "system/status": world.control,
      "control/status": { circuits: world.circuits, timestamp },
      "storage/status": world.storage,
      "scheduler/jobs": world.scheduler,
      "dashboard/summary": world.summary,
      config: world.config,
    };
    if (path === "health") return { status: world.healthStatus, body: world.health };
    if (path === "journal") return { status: 200, body: this.#journal(query) };
    if (path.startsWith("dlq/")) return this.#letters(path, query);
    return Object.hasOwn(parts, path) ? { status: 200, body: parts[path] } : undefined;
  }

  #journal(query: URLSearchParams): Json {
    const limit = Number(query.get("limit") ?? 50);
    const text = (query.get("text") ?? "").toLowerCase();
    const names = query.get("names")?.split(",");
    const since = Date.parse(query.get("since") ?? "") || 0;
    const before = query.get("before") ?? "~";
    const found = this.world.journal.filter(
      (entry) =>
        JSON.stringify(entry).toLowerCase().includes(text) &&
        (names === undefined || names.includes(wordOf(entry["name"]))) &&
        !(Date.parse(wordOf(entry["at"])) < since) &&
        wordOf(entry["id"]) < before,
    );
    const entries = found.slice(0, limit);
    return { entries, complete: true, ...(found.length > limit && { next: entries.at(-1)?.["id"] }) };
  }

  #letters(path: string, query: URLSearchParams): Reply | undefined {
    const { letters } = this.world;
    if (letters === undefined) return undefined;
    const found = letters.filter((letter) =>
      ["status", "domain", "name"].every((key) => !query.get(key) || letter[key] === query.get(key)),
    );
    if (path === "dlq/list") return { status: 200, body: page(found, query) };
    if (path === "dlq/facets") return { status: 200, body: facets(found) };
    if (path === "dlq/cleanup/stats") return { status: 200, body: this.#stats(letters) };
    const id = decodeURIComponent(path.slice("dlq/".length));
    const letter = letters.find((each) => each["id"] === id);
    return letter === undefined ? undefined : { status: 200, body: letter };
  }

  #stats(letters: readonly Json[]): Json {
    const open = letters.filter(({ status }) =>
      ["pending", "replaying", "requires_review"].includes(wordOf(status)),
    );
    const oldest = open.map(({ createdAt }) => wordOf(createdAt)).sort()[0];
    return {
      total: letters.length,
      open: open.length,
      byStatus: tally(letters, "status"),
      outbox: { size: 0, dropped: 0 },
      arming: this.world.arming,
      ...(oldest !== undefined && { oldestOpenAt: oldest }),
    };
  }

  #write(path: string, body: Json, key: string | undefined): Reply {
    this.posted.push({ path, body, key });
    return { status: 200, body: { status: "success", success: true, message: "replayed", skipped: false } };
  }
}

function page(found: readonly Json[], query: URLSearchParams): Json {
  const size = Number(query.get("page_size") ?? 20);
  const from = Number(query.get("after") ?? 0);
  const next = from + size;
  return {
    items: found.slice(from, next),
    total: found.length,
    ...(next < found.length && { next: String(next) }),
  };
}

function facets(found: readonly Json[]): Json {
  return {
    byStatus: tally(found, "status"),
    byDomain: tally(found, "domain"),
    byName: tally(found, "name"),
    byFailureType: tally(found, "failureType"),
  };
}

function tally(rows: readonly Json[], key: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const row of rows) counts[wordOf(row[key])] = (counts[wordOf(row[key])] ?? 0) + 1;
  return counts;
}

function reply(response: ServerResponse, { status, body, headers }: Reply): void {
  const isProblem = status >= 400 && typeof body === "object" && body !== null && "detail" in body;
  const type = isProblem ? "application/problem+json" : "application/json";
  response.writeHead(status, { ...headers, "content-type": type });
  response.end(JSON.stringify(body));
}

function problem(response: ServerResponse, status: number, code: string, detail: string): void {
  reply(response, { status, body: { title: "Refused", status, code, detail } });
}

/** A test may have put anything in the place of a word. */
function wordOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
