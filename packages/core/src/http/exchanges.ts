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

  *[Symbol.iterator](): IterableIterator<Exchange> {
    for (let exchange = this.#first; exchange !== undefined; exchange = exchange.next) yield exchange;
  }
}
