import { once } from "node:events";
import {
  Agent,
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request,
  type ServerResponse,
} from "node:http";
import { until } from "../adapter/client.js";
import { isReady } from "./service.js";

/** What became of a request that a balancer has handed on. */
type Outcome = "sent" | "refused";

/** Milliseconds between two looks at who is ready: long enough to meet refusals, where they are sent elsewhere. */
const BETWEEN_LOOKS = 20;
const BETWEEN_RARE_LOOKS = 300;
const HOST = "127.0.0.1";

/**
 * A small balancer: it hands requests on in turn to those that say that they are ready, over connections that it keeps. A
 * request that fails, fails: the only one that it may send elsewhere is one that was refused unread, by 503 and Retry-After.
 */
export class Balancer {
  readonly #server = createServer((incoming, outgoing) => void this.#serve(incoming, outgoing));
  readonly #agents = new Map<number, Agent>();
  readonly #ready = new Set<number>();
  readonly #served = new Map<number, number>();
  #isStopped = false;
  #turn = 0;
  /** Requests that were sent elsewhere. */
  resent = 0;

  constructor(
    private readonly ports: readonly number[],
    private readonly resends: boolean,
  ) {
    for (const port of ports) this.#agents.set(port, new Agent({ keepAlive: true, maxFreeSockets: 64 }));
  }

  async start(): Promise<number> {
    for (const port of this.ports) void this.#watch(port);
    await until("somebody is ready", () => this.#ready.size === this.ports.length);
    this.#server.keepAliveTimeout = 0; // what it closes by itself would look like a failure
    this.#server.listen(0, HOST);
    await once(this.#server, "listening");
    return (this.#server.address() as { port: number }).port;
  }

  stop(): void {
    this.#isStopped = true;
    this.#server.close();
    this.#server.closeAllConnections();
    for (const agent of this.#agents.values()) agent.destroy();
  }

  served(port: number): number {
    return this.#served.get(port) ?? 0;
  }

  async #watch(port: number): Promise<void> {
    const pause = this.resends ? BETWEEN_RARE_LOOKS : BETWEEN_LOOKS;
    while (!this.#isStopped) {
      const before = this.resent;
      const ready = await isReady(port);
      // What was refused meanwhile knows better.
      if (!ready) this.#ready.delete(port);
      else if (this.resent === before) this.#ready.add(port);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = await incoming.toArray();
    const body = Buffer.concat(chunks);
    try {
      const first = this.#choose();
      if ((await this.#hand(first, incoming, body, outgoing)) === "sent") return;
      this.resent++;
      this.#ready.delete(first);
      await this.#hand(this.#choose(), incoming, body, outgoing);
    } catch (error) {
      if (!outgoing.headersSent) outgoing.writeHead(502);
      outgoing.end(String(error));
    }
  }

  #choose(): number {
    const ready = [...this.#ready];
    const port = ready[this.#turn++ % ready.length];
    if (port === undefined) throw new Error("nobody is ready");
    return port;
  }

  async #hand(
    port: number,
    { method = "GET", url = "/", headers }: IncomingMessage,
    body: Buffer,
    outgoing: ServerResponse,
  ): Promise<Outcome> {
    const agent = this.#agents.get(port) as Agent;
    const { connection: _connection, ...rest } = headers;
    const handed = request({ host: HOST, port, method, path: url, headers: rest, agent });
    handed.end(body);
    const answer = await this.#answerOf(handed);
    if (answer === undefined) return "refused";
    if (this.resends && answer.statusCode === 503 && answer.headers["retry-after"] !== undefined) {
      answer.resume();
      return "refused";
    }
    this.#served.set(port, this.served(port) + 1);
    outgoing.writeHead(answer.statusCode ?? 502, { "content-type": answer.headers["content-type"] ?? "" });
    for await (const chunk of answer) outgoing.write(chunk);
    outgoing.end();
    return "sent";
  }

  /** Undefined where nobody has taken the connection: nothing was sent then. */
  async #answerOf(handed: ClientRequest): Promise<IncomingMessage | undefined> {
    try {
      const [answer] = (await once(handed, "response")) as [IncomingMessage];
      return answer;
    } catch (error) {
      if (this.resends && (error as { code?: string }).code === "ECONNREFUSED") return undefined;
      throw error;
    }
  }
}
