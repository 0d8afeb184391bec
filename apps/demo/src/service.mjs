import { startWorker } from "./worker.mjs";

/** A process as the scenario handles it. It keeps its port through kill and restart. */
export class Service {
  #file;
  #options;
  #worker;
  port = 0;

  constructor(file, options) {
    this.#file = file;
    this.#options = options;
  }

  async start(...args) {
    this.#worker = await startWorker(this.#file, [this.port, ...args], this.#options);
    this.port = this.#worker.port;
  }

  ask(request) {
    return this.#worker.ask(request);
  }

  /** Answers the signal that ended it; undefined when it never ran. */
  async kill() {
    return this.#worker?.kill();
  }
}
