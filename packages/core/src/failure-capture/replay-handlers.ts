import { ConfigurationError, invalid } from "../errors.js";
import { validateName } from "../pipeline/endpoints.js";
import type { FailedOperation, ReplayHandler } from "./operation.js";

/** How failed operations are run again, by protected name. @public */
export class ReplayHandlers {
  readonly #registered = new Map<string, ReplayHandler>();
  readonly #wrapped = new Map<string, Wrapped>();
  readonly #watchers = new Set<(name: string) => void>();

  /**
   * The handler for a name: the registered one, else the function wrapped under that name. Where several were wrapped
   * nobody can tell which one a failed operation was for, so there is none until one is registered.
   */
  get(name: string): ReplayHandler | undefined {
    const wrapped = this.#wrapped.get(name);
    return this.#registered.get(name) ?? (wrapped?.several === false ? wrapped.handler : undefined);
  }

  /** Whether the handler of the name runs protected by itself, as wrapped functions do. */
  isProtected(name: string): boolean {
    return !this.#registered.has(name) && this.#wrapped.get(name)?.several === false;
  }

  /** Throws `ConfigurationError` when the name has a handler. Disposing the answer takes it away. */
  register(name: string, handler: ReplayHandler | ((operation: FailedOperation) => unknown)): Disposable {
    validateName(name);
    const own = asHandler(handler);
    if (this.#registered.has(name)) throw new ConfigurationError(`${name} has a replay handler already`);
    this.#registered.set(name, own);
    this.#tell(name);
    return {
      [Symbol.dispose]: () => {
        if (this.#registered.get(name) === own) this.#registered.delete(name);
      },
    };
  }

  /** A function wrapped with `dlq` is its own handler. */
  registerWrapped(name: string, fn: object, replay: (operation: FailedOperation) => unknown): void {
    const known = this.#wrapped.get(name);
    const several = known !== undefined && (known.several || known.fn !== fn);
    this.#wrapped.set(name, { fn, several, handler: { replay } });
    this.#tell(name);
  }

  /** Tells the names that get a handler from now on. The listener must not throw. */
  watch(listener: (name: string) => void): Disposable {
    this.#watchers.add(listener);
    return { [Symbol.dispose]: () => void this.#watchers.delete(listener) };
  }

  #tell(name: string): void {
    for (const watcher of this.#watchers) watcher(name);
  }
}

interface Wrapped {
  readonly fn: object;
  /** Different functions were wrapped under the name. */
  readonly several: boolean;
  readonly handler: ReplayHandler;
}

function asHandler(handler: ReplayHandler | ((operation: FailedOperation) => unknown)): ReplayHandler {
  if (typeof handler === "function") return { replay: handler };
  if (typeof handler?.replay === "function") return handler;
  throw invalid("handler", "a function or an object with replay()", handler);
}
