import { Socket } from "node:net";
import { Lane } from "./lane.mjs";
import { reset } from "./reset.mjs";

/** A client's connection and the one that is made to the server for it. */
export class Pair {
  #client;
  #server = new Socket({ allowHalfOpen: true });
  #target;
  #upstream;
  #downstream;
  #isOpen = false;
  /** Resolves when both connections are. */
  closed;

  constructor(client, target, plan) {
    this.#client = client;
    this.#target = target;
    this.#upstream = new Lane(client, this.#server, plan.upstream);
    this.#downstream = new Lane(this.#server, client, plan.downstream);
    const sockets = [client, this.#server];
    // What went wrong is seen in the close that follows, and passed on with it.
    for (const socket of sockets) socket.on("error", () => undefined);
    this.closed = Promise.all(
      sockets.map((socket) => new Promise((resolve) => socket.once("close", resolve))),
    );
  }

  follow(plan) {
    const lanes = [
      [this.#upstream, plan.upstream],
      [this.#downstream, plan.downstream],
    ];
    const isCut = lanes.some(([lane, rule]) => lane.isBroken && !rule.swallows);
    if (plan.resets || isCut) return this.#reset();
    if (!plan.upstream.holds && !plan.upstream.swallows) this.#open();
    for (const [lane, rule] of lanes) lane.follow(rule);
  }

  destroy() {
    for (const lane of [this.#upstream, this.#downstream]) lane.dispose();
    this.#client.destroy();
    this.#server.destroy();
    return this.closed;
  }

  /** Nothing of a client reaches a server that it cannot reach, not even its connection. */
  #open() {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#server.connect({ ...this.#target, noDelay: true });
  }

  #reset() {
    for (const lane of [this.#upstream, this.#downstream]) lane.dispose();
    reset(this.#client);
    reset(this.#server);
  }
}
