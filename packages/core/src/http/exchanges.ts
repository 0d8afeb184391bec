import type { Socket } from "node:net";
import type { Exchange } from "./exchange.js";

/** Those that are under way, as a list through themselves: entering and leaving costs a few assignments. */
export class Exchanges {
  #first: Exchange | undefined;
  readonly #watched = new WeakSet<Socket>();

  add(exchange: Exchange): void {
    exchange.next = this.#first;
    if (this.#first !== undefined) this.#first.previous = exchange;
    this.#first = exchange;
  }

  remove(exchange: Exchange): void {
    const { previous, next } = exchange;
    if (previous !== undefined) previous.next = next;
    else if (this.#first === exchange) this.#first = next;
    if (next !== undefined) next.previous = previous;
    exchange.previous = undefined;
    exchange.next = undefined;
  }

  /** Ends those of a connection when it closes. */
  watch(socket: Socket): void {
    if (this.#watched.has(socket)) return;
    this.#watched.add(socket);
    socket.once("close", () => {
      for (const exchange of [...this]) if (exchange.request.socket === socket) exchange.end(false);
    });
  }

  /** Has the last answer of each connection end it: what is behind an earlier one in a pipeline would never be sent. */
  endConnections(): void {
    const met = new Set<Socket>();
    for (const { request, response } of this) {
      if (met.has(request.socket)) continue;
      met.add(request.socket);
      if (!response.headersSent) response.shouldKeepAlive = false;
    }
  }

  /** There is one more on a connection that an earlier answer was to end. */
  keepOpen(socket: Socket): void {
    for (const { request, response } of this) {
      if (request.socket === socket && !response.headersSent) response.shouldKeepAlive = true;
    }
  }

  *[Symbol.iterator](): IterableIterator<Exchange> {
    for (let exchange = this.#first; exchange !== undefined; exchange = exchange.next) yield exchange;
  }
}
