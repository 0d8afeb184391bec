import { startWorker } from "./worker.mjs";

/** The gateway as the scenario handles it. It keeps its port through kill and restart. */
export class GatewayProcess {
  #worker;
  port = 0;

  async start(mode) {
    this.#worker = await startWorker("./gateway.mjs", [this.port, mode]);
    this.port = this.#worker.port;
  }

  /** Answers how many calls reached it in the mode that ends. */
  changeMode(mode) {
    return this.#worker.ask(mode);
  }

  /** Answers the signal that ended it. */
  kill() {
    return this.#worker.kill();
  }
}
