import { ConfigurationError, invalid } from "../errors.js";
import { validateName } from "../pipeline/endpoints.js";
import { DLQReplayError } from "./errors.js";
import type { FailedOperation, ReplayEnding, ReplayHandler } from "./operation.js";

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

  /**
   * Runs the handler of an operation. One that is not protected by itself is handed to `protect`. Never rejects.
   */
  async run(operation: FailedOperation, protect: ProtectReplay): Promise<ReplayEnding> {
    let ran = false;
    const begin = (): void => {
      ran = true;
    };
    try {
      return { ran: true, value: await this.#start(operation, protect, begin) };
    } catch (error) {
      return { ran, error };
    }
  }

  async #start(operation: FailedOperation, protect: ProtectReplay, begin: () => void): Promise<unknown> {
    const { id, name } = operation;
    const registered = this.#registered.get(name);
    if (registered !== undefined) {
      return protect(() => {
        begin();
        return registered.replay(operation);
      });
    }
    const wrapped = this.#wrapped.get(name);
    if (wrapped === undefined || wrapped.several)
      throw new DLQReplayError(id, `there is no replay handler for ${name}`);
    return wrapped.replay(operation, begin);
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
  registerWrapped(name: string, fn: object, replay: ReplayWrapped): void {
    const known = this.#wrapped.get(name);
    const several = known !== undefined && (known.several || known.fn !== fn);
    const handler = { replay: (operation: FailedOperation) => replay(operation, () => undefined) };
    this.#wrapped.set(name, { fn, several, replay, handler });
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

/** Runs a wrapped function again; `begin` is called when the function is. */
type ReplayWrapped = (operation: FailedOperation, begin: () => void) => unknown;

/** Runs a handler protected. */
type ProtectReplay = (work: () => unknown) => unknown;

interface Wrapped {
  readonly fn: object;
  /** Different functions were wrapped under the name. */
  readonly several: boolean;
  readonly replay: ReplayWrapped;
  readonly handler: ReplayHandler;
}

function asHandler(handler: ReplayHandler | ((operation: FailedOperation) => unknown)): ReplayHandler {
  if (typeof handler === "function") return { replay: handler };
  if (typeof handler?.replay === "function") return handler;
  throw invalid("handler", "a function or an object with replay()", handler);
}
