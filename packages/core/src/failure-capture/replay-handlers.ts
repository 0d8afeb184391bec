import { ConfigurationError, invalid } from "../errors.js";
import { validateName } from "../pipeline/endpoints.js";
import type { FailedOperation, ReplayHandler } from "./operation.js";

/** How failed operations are run again, by protected name. @public */
export class ReplayHandlers {
  readonly #registered = new Map<string, ReplayHandler>();
  readonly #wrapped = new Map<string, ReplayHandler>();

  /** The handler for a name: the registered one, else the wrapped function itself. */
  get(name: string): ReplayHandler | undefined {
    return this.#registered.get(name) ?? this.#wrapped.get(name);
  }

  /** Throws `ConfigurationError` when the name has a handler. Disposing the answer takes it away. */
  register(name: string, handler: ReplayHandler | ((operation: FailedOperation) => unknown)): Disposable {
    validateName(name);
    const own = asHandler(handler);
    if (this.#registered.has(name)) throw new ConfigurationError(`${name} has a replay handler already`);
    this.#registered.set(name, own);
    return {
      [Symbol.dispose]: () => {
        if (this.#registered.get(name) === own) this.#registered.delete(name);
      },
    };
  }

  /** A function wrapped with `dlq` is its own handler. */
  registerWrapped(name: string, replay: (operation: FailedOperation) => unknown): void {
    this.#wrapped.set(name, { replay });
  }
}

function asHandler(handler: ReplayHandler | ((operation: FailedOperation) => unknown)): ReplayHandler {
  if (typeof handler === "function") return { replay: handler };
  if (typeof handler?.replay === "function") return handler;
  throw invalid("handler", "a function or an object with replay()", handler);
}
