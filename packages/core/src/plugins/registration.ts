import { ConfigurationError } from "../errors.js";
import type { SlotTable } from "../slots/slot.js";
import type { BackgroundLoop, EventOf, PluginContext, PluginTelemetry, ProviderFactory } from "./plugin.js";
import type { AdminRoute } from "./route.js";

/** The part of a plugin's context that registers. */
export type Registrar = Pick<PluginContext, "slots" | "fill" | "on" | "routes" | "background" | "provider">;

/** All that one plugin registered: kept together, so that it can be taken back together. */
export class Registration {
  readonly routes: AdminRoute[] = [];
  readonly loops: Map<string, BackgroundLoop> = new Map();
  readonly providers: Map<string, ProviderFactory> = new Map();
  readonly #held: Disposable[] = [];
  #open = true;

  constructor(
    private readonly owner: string,
    private readonly slots: SlotTable,
    private readonly telemetry: PluginTelemetry,
  ) {}

  registrar(): Registrar {
    return {
      slots: this.slots,
      fill: (slot, implementation) => this.#hold(() => this.slots.fill(slot, implementation, this.owner)),
      on: (event, listener) => {
        const name = typeof event === "string" ? event : event.name;
        this.#hold(() => this.telemetry.subscribe(name, (told) => listener(told as EventOf<never>)));
      },
      routes: (...routes) => {
        this.#assertOpen();
        this.routes.push(...routes);
      },
      background: (name, loop) => this.#add(this.loops, "background loop", name, loop),
      provider: (kind, factory) => this.#add(this.providers, "provider of", kind, factory),
    };
  }

  /** Nothing more may be registered: others have been told what there is. */
  seal(): void {
    this.#open = false;
  }

  takeBack(): void {
    this.seal();
    for (const held of this.#held.splice(0).reverse()) held[Symbol.dispose]();
    this.routes.length = 0;
    this.loops.clear();
    this.providers.clear();
  }

  #hold(take: () => Disposable): void {
    this.#assertOpen();
    this.#held.push(take());
  }

  #add<F>(table: Map<string, F>, what: string, name: string, value: F): void {
    this.#assertOpen();
    if (typeof value !== "function")
      throw new ConfigurationError(`${what} ${name} of ${this.owner} must be a function`);
    if (table.has(name)) throw new ConfigurationError(`${this.owner} has two entries for ${what} ${name}`);
    table.set(name, value);
  }

  #assertOpen(): void {
    if (!this.#open)
      throw new ConfigurationError(`${this.owner} must register everything while its register() runs`);
  }
}
