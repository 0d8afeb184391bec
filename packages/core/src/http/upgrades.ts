import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Admission } from "../lifecycle/lifecycle.js";
import type { HttpServer } from "./http-server.js";

/**
 * Connections that became something else, such as web sockets. Each counts as a request until it is closed. Only servers
 * that somebody upgrades are listened to: with a listener, Node leaves every upgrade to it.
 */
export class Upgrades {
  readonly #sockets = new Set<Duplex>();

  constructor(
    private readonly admit: () => Admission | undefined,
    private readonly retryAfter: () => number,
  ) {}

  watch(server: HttpServer): void {
    if (server.listenerCount("upgrade") > 0) return this.#listen(server);
    const added = (event: string | symbol): void => {
      if (event !== "upgrade") return;
      server.off("newListener", added);
      this.#listen(server);
    };
    server.on("newListener", added);
  }

  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #listen(server: HttpServer): void {
    server.prependListener("upgrade", (_request: IncomingMessage, socket: Duplex) => {
      const admission = this.admit();
      if (admission === undefined) return this.#refuseAll(server, socket);
      this.#sockets.add(socket);
      socket.once("close", () => {
        this.#sockets.delete(socket);
        admission.end();
      });
    });
  }

  /** From now on there is nobody to upgrade to. Who listens to this one finds its socket ended. */
  #refuseAll(server: HttpServer, socket: Duplex): void {
    this.#refuse(socket);
    server.removeAllListeners("upgrade");
    server.on("upgrade", (_request, later) => this.#refuse(later));
  }

  #refuse(socket: Duplex): void {
    const lines = [
      "HTTP/1.1 503 Service Unavailable",
      "Connection: close",
      `Retry-After: ${this.retryAfter()}`,
      "Content-Length: 0",
    ];
    socket.on("error", () => socket.destroy());
    socket.end(`${lines.join("\r\n")}\r\n\r\n`);
  }
}
