import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** What a client says to Postgres. */
export interface Said {
  /** Which connection. */
  readonly connection: number;
  /** "startup", or the letter of the message: Q a query, P a statement, B values, C the end of a statement. */
  readonly type: string;
  readonly text: string;
}

/** Stands between clients and a server, and writes down what the clients say. */
export class Recording implements AsyncDisposable {
  readonly said: Said[] = [];
  readonly #sockets = new Set<Socket>();
  #connections = 0;

  private constructor(
    private readonly server: Server,
    private readonly target: number,
  ) {
    server.on("connection", (client) => this.#join(client));
  }

  static async start(target: number): Promise<Recording> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Recording(server, target);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The texts of messages of these types. */
  texts(...types: string[]): string[] {
    return this.said.filter(({ type }) => types.includes(type)).map(({ text }) => text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
    await once(this.server, "close");
  }

  #join(client: Socket): void {
    const connection = ++this.#connections;
    const upstream = connect(this.target, "127.0.0.1");
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => this.#sockets.delete(socket));
    }
    let rest = Buffer.alloc(0);
    let begun = false;
    client.on("data", (bytes) => {
      rest = Buffer.concat([rest, bytes as Buffer]);
      for (;;) {
        const head = begun ? 1 : 0; // what is said first has no letter
        if (rest.length < head + 4) break;
        const end = head + rest.readInt32BE(head);
        if (rest.length < end) break;
        const type = begun ? String.fromCharCode(rest[0] as number) : "startup";
        this.said.push({ connection, type, text: rest.toString("utf8", head + 4, end) });
        rest = rest.subarray(end);
        begun = true;
      }
    });
    client.pipe(upstream).pipe(client);
  }
}
