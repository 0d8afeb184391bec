import { once } from "node:events";
import { createServer } from "node:net";
import { HOST } from "./conversation.mjs";
import { HEALTHY, planOf } from "./faults.mjs";
import { Pair } from "./pair.mjs";
import { until } from "./until.mjs";

/** Stands between clients and a server, in this process, and does to their connections what a bad network does. */
export async function startFaultProxy({ host = HOST, port }) {
  const proxy = new FaultProxy({ host, port });
  await proxy.heal();
  return proxy;
}

class FaultProxy {
  host = HOST;
  /** Of the proxy itself; it stays. */
  port = 0;
  #target;
  #plan = HEALTHY;
  #listener;
  #pairs = new Set();

  constructor(target) {
    this.#target = target;
  }

  get connections() {
    return this.#pairs.size;
  }

  url(scheme) {
    return `${scheme}://${this.host}:${this.port}`;
  }

  /** From now on this fault, in place of the one before. */
  async fault(kind, options) {
    await this.#follow(planOf(kind, options));
  }

  async heal() {
    await this.#follow(HEALTHY);
  }

  async stop() {
    this.#plan = { ...HEALTHY, listens: false };
    this.#close();
    await Promise.all([...this.#pairs].map((pair) => pair.destroy()));
  }

  async #follow(plan) {
    this.#plan = plan;
    for (const pair of this.#pairs) pair.follow(plan);
    if (plan.listens)
      await until(() => this.#isAsPlanned() || this.#listen(), `port ${this.port}, taken meanwhile`);
    else this.#close();
  }

  /** A later call may have had its way while this one waited for the port. */
  #isAsPlanned() {
    return this.#plan.listens === (this.#listener !== undefined);
  }

  async #listen() {
    const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
    listener.listen(this.port, this.host);
    await once(listener, "listening");
    this.port = listener.address().port;
    this.#listener = listener;
    if (!this.#plan.listens) this.#close(); // it changed meanwhile
    return true;
  }

  #close() {
    this.#listener?.close();
    this.#listener = undefined;
  }

  #accept(client) {
    const pair = new Pair(client, this.#target, this.#plan);
    this.#pairs.add(pair);
    pair.closed.then(() => this.#pairs.delete(pair));
    pair.follow(this.#plan);
  }
}
