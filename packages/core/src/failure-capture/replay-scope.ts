import type { AsyncLocalStorage } from "node:async_hooks";

/**
 * Tells a failed operation that is being done again from a new call, through everything that it awaits: what fails within is
 * not captured a second time. While nothing is replayed it costs nothing, for an async context taxes every promise.
 */
export class ReplayScope {
  #context: AsyncLocalStorage<string> | undefined;
  #running = 0;

  get active(): boolean {
    return this.#running > 0 && this.#context?.getStore() !== undefined;
  }

  async run<T>(operationId: string, work: () => T | PromiseLike<T>): Promise<T> {
    // Asked for here: importing the package must not load what most programs never need.
    this.#context ??= new (process.getBuiltinModule("node:async_hooks").AsyncLocalStorage)<string>();
    this.#running++;
    try {
      return await this.#context.run(operationId, work);
    } finally {
      this.#running--;
      if (this.#running === 0) this.#context.disable();
    }
  }
}
