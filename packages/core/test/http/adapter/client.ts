import { once } from "node:events";
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body?: unknown;
  readonly agent?: Agent;
}

/** Sends a request on a connection of its own, or the agent's. */
export async function ask(port: number, path: string, options: Ask = {}): Promise<Answer> {
  const response = await begin(port, path, options);
  const body = await text(response);
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

/** The same, and does not wait for the body. */
export async function begin(port: number, path: string, options: Ask = {}): Promise<IncomingMessage> {
  const { method = options.body === undefined ? "GET" : "POST", headers = {}, body, agent = false } = options;
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const sent = request({
    host: "127.0.0.1",
    port,
    path,
    method,
    agent,
    headers: { ...(payload !== undefined && { "content-type": "application/json" }), ...headers },
  });
  sent.end(payload);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return response;
}

/** Connections that are used again. */
export function keepAlive(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1 });
}

/** A client that writes bytes. */
export class RawClient {
  readonly socket: Socket;
  received = "";
  closed = false;

  constructor(port: number) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.setEncoding("latin1");
    this.socket.on("data", (chunk: string) => {
      this.received += chunk;
    });
    this.socket.on("close", () => {
      this.closed = true;
    });
    this.socket.on("error", () => undefined);
  }

  send(...lines: string[]): this {
    this.socket.write(`${[...lines, "", ""].join("\r\n")}`);
    return this;
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }
}

/** Waits until something holds. */
export async function until(what: string, test: () => unknown, patience = 20_000): Promise<void> {
  const end = Date.now() + patience;
  while (!(await test())) {
    if (Date.now() > end) throw new Error(`it never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Something that a handler waits for. */
export class Gate {
  /** How many have come to it. */
  arrived = 0;
  readonly #opened: Promise<void>;
  #open: () => void = () => undefined;

  constructor() {
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  async pass(): Promise<void> {
    this.arrived++;
    await this.#opened;
  }

  open(): void {
    this.#open();
  }

  reached(count = 1): Promise<void> {
    return until(`${count} at the gate`, () => this.arrived >= count);
  }
}
