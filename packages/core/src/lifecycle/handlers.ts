import type { Clock } from "../clock.js";
import { text } from "../describe.js";
import { ConfigurationError, invalid } from "../errors.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { within } from "../within.js";
import { handlerFailed } from "./events.js";
import type { ShutdownHandler } from "./lifecycle.js";

type Step = "onShutdownStart" | "isDrainComplete" | "onDrainComplete" | "onForceShutdown";
const STEPS: readonly Step[] = ["onShutdownStart", "isDrainComplete", "onDrainComplete", "onForceShutdown"];

/** Milliseconds for each step of a handler. */
const PATIENCE = 5000;

/** Who takes part in a shutdown. What one does wrong is reported, and the others go on. */
export class ShutdownHandlers {
  readonly #handlers = new Map<string, ShutdownHandler>();
  /** Those that have said that they are done, or could not say. */
  readonly #done = new Set<ShutdownHandler>();
  #isSealed = false;

  constructor(
    private readonly clock: Clock,
    private readonly telemetry: Pick<TelemetryHub, "report">,
  ) {}

  /** Throws `ConfigurationError`. */
  add(handler: ShutdownHandler): Disposable {
    check(handler);
    const { name } = handler;
    if (this.#isSealed)
      throw new ConfigurationError(`handler ${name} comes too late: the shutdown has begun`);
    if (this.#handlers.has(name)) throw invalid("handler.name", "a name that is not taken", name);
    this.#handlers.set(name, handler);
    return {
      [Symbol.dispose]: () => {
        if (this.#handlers.get(name) === handler) this.#handlers.delete(name);
      },
    };
  }

  async start(): Promise<void> {
    this.#isSealed = true;
    await this.#each("onShutdownStart", (handler) => handler.onShutdownStart?.());
  }

  /** Those that are not done. */
  async unfinished(): Promise<string[]> {
    const asked = [...this.#handlers.values()].filter((handler) => !this.#done.has(handler));
    await Promise.all(asked.map((handler) => this.#ask(handler)));
    return asked.filter((handler) => !this.#done.has(handler)).map(({ name }) => name);
  }

  async complete(): Promise<void> {
    await this.#each("onDrainComplete", (handler) => handler.onDrainComplete?.());
  }

  async force(pending: number): Promise<void> {
    await this.#each("onForceShutdown", (handler) => handler.onForceShutdown?.(pending));
  }

  async #ask(handler: ShutdownHandler): Promise<void> {
    const answer = await this.#attempt("isDrainComplete", handler, () => handler.isDrainComplete?.() ?? true);
    if (answer !== false) this.#done.add(handler);
  }

  /** All at once: one that waits keeps nobody from saving what it holds. */
  async #each(step: Step, run: (handler: ShutdownHandler) => unknown): Promise<void> {
    const handlers = [...this.#handlers.values()];
    await Promise.all(handlers.map((handler) => this.#attempt(step, handler, () => run(handler))));
  }

  /** Undefined for one that failed. */
  async #attempt<T>(
    step: Step,
    { name }: ShutdownHandler,
    work: () => T | PromiseLike<T>,
  ): Promise<T | undefined> {
    try {
      return await within(this.clock, PATIENCE, work);
    } catch (error) {
      this.telemetry.report(handlerFailed, { name, step, error: text(error) });
      return undefined;
    }
  }
}

function check(handler: ShutdownHandler): void {
  if (typeof handler !== "object" || handler === null) throw invalid("handler", "an object", handler);
  const { name } = handler;
  if (typeof name !== "string" || name === "") throw invalid("handler.name", "a non-empty string", name);
  for (const step of STEPS) {
    if (!["undefined", "function"].includes(typeof handler[step]))
      throw invalid(`handler.${step}`, "a function", handler[step]);
  }
}
