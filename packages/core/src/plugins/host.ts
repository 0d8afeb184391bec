import type { Clock } from "../clock.js";
import { text } from "../describe.js";
import type { SlotTable } from "../slots/slot.js";
import type { EventDefinition } from "../telemetry/event.js";
import { within } from "../within.js";
import type { Entitlement, EntitlementRequest } from "./entitlement.js";
import { Entitlements } from "./entitlements.js";
import {
  backgroundFailed,
  closeFailed,
  discoveryFailed,
  duplicateIgnored,
  pluginInert,
  registrationFailed,
  startFailed,
} from "./events.js";
import type { BackgroundLoop, Plugin, PluginContext, PluginTelemetry, ProviderFactory } from "./plugin.js";
import { type Registrar, Registration } from "./registration.js";
import type { AdminRoute } from "./route.js";
import type { PluginRow } from "./row.js";

/** A package that is installed as a plugin and could not be loaded. */
export interface BrokenPlugin {
  readonly name: string;
  readonly reason: string;
}

/** Something that a plugin provides besides the slots. */
export interface Provider {
  readonly plugin: string;
  readonly factory: ProviderFactory;
}

/** The part of a plugin's context that the runtime supplies. */
export type Surroundings = Omit<PluginContext, keyof Registrar>;

export interface PluginHostOptions {
  readonly slots: SlotTable;
  readonly telemetry: PluginTelemetry;
  readonly clock: Clock;
  /** Called once for every plugin that registers; what it throws fails that plugin. */
  readonly surroundings: (plugin: Plugin) => Surroundings;
  /** The environment, for entitlements. Default: an empty one. */
  readonly env?: EntitlementRequest["env"];
  /** Milliseconds that an entitlement may take. Default 10,000. */
  readonly entitlementTimeout?: number;
  /** Milliseconds that a plugin may take to register, and to start. Default 30,000. */
  readonly startTimeout?: number;
}

interface Member {
  readonly plugin: Plugin;
  readonly registration: Registration;
}

type Failed = EventDefinition<{ name: string; error: string }>;

const ENTITLEMENT_TIMEOUT = 10_000;
const START_TIMEOUT = 30_000;
const CLOSE_DEADLINE = 10_000;

/**
 * Runs the plugins of a runtime. Each is on its own: whatever one does wrong is reported and shown in its row, all that it
 * registered is taken back, and the others and the runtime go on.
 */
export class PluginHost {
  readonly #rows = new Map<string, PluginRow>();
  /** What is so whatever becomes of the plugin. */
  readonly #facts = new Map<string, Partial<PluginRow>>();
  readonly #members: Member[] = [];
  readonly #entitlements: Entitlements;
  readonly #startTimeout: number;
  readonly #stop = new AbortController();
  readonly #running: { readonly plugin: string; readonly ended: Promise<void> }[] = [];
  #starting: Promise<void> | undefined;
  #closing: Promise<string[]> | undefined;

  constructor(private readonly options: PluginHostOptions) {
    const { clock, telemetry, env = () => undefined, entitlementTimeout = ENTITLEMENT_TIMEOUT } = options;
    this.#entitlements = new Entitlements({ clock, telemetry, env, timeout: entitlementTimeout });
    this.#startTimeout = options.startTimeout ?? START_TIMEOUT;
  }

  /** The best verdict on any plugin. */
  get entitlement(): Entitlement {
    return this.#entitlements.best;
  }

  /** Registers those that are entitled, in this order. Of plugins with one name the first holds. Never rejects. */
  async load(plugins: readonly Plugin[], broken: readonly BrokenPlugin[] = []): Promise<void> {
    const fresh = plugins.filter((plugin) => this.#enter(plugin));
    const verdicts = await Promise.all(fresh.map((plugin) => this.#entitlements.of(plugin)));
    for (const [index, plugin] of fresh.entries()) {
      const verdict = verdicts[index] as Entitlement;
      if (verdict.status === "active") await this.#register(plugin);
      else this.#leaveInert(plugin, verdict);
    }
    for (const { name, reason } of broken) this.#fail(name, discoveryFailed, reason);
  }

  /** Starts the plugins, then their background loops. Never rejects. */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /**
   * Stops the background loops and closes the plugins, within so many milliseconds in all. Answers the names of those
   * that did not end in time, or failed to. Never rejects.
   */
  close(deadline: number = CLOSE_DEADLINE): Promise<string[]> {
    this.#closing ??= this.#close(deadline);
    return this.#closing;
  }

  rows(): PluginRow[] {
    return [...this.#rows.values()].map((row) => ({ ...row, ...this.#facts.get(row.name) }));
  }

  routes(): AdminRoute[] {
    return this.#members.flatMap(({ registration }) => registration.routes);
  }

  /** What plugins provide of a kind. */
  providers(kind: string): Provider[] {
    return this.#members.flatMap(({ plugin, registration }) => {
      const factory = registration.providers.get(kind);
      return factory === undefined ? [] : [{ plugin: plugin.name, factory }];
    });
  }

  #enter({ name, entitlement, settings = [] }: Plugin): boolean {
    if (this.#rows.has(name)) {
      this.options.telemetry.report(duplicateIgnored, { name });
      return false;
    }
    this.#rows.set(name, { name, status: "active" });
    this.#facts.set(name, {
      ...(entitlement !== undefined && { licensed: true }),
      ...(settings.length > 0 && { areas: settings.map(({ area }) => area) }),
    });
    return true;
  }

  #leaveInert({ name }: Plugin, { status, reason = `its entitlement is ${status}` }: Entitlement): void {
    this.#rows.set(name, { name, status: "inert", reason });
    this.options.telemetry.report(pluginInert, { name, reason });
  }

  async #register(plugin: Plugin): Promise<void> {
    const { slots, telemetry, clock, surroundings } = this.options;
    const registration = new Registration(plugin.name, slots, telemetry);
    try {
      const context = Object.freeze({ ...surroundings(plugin), ...registration.registrar() });
      // Awaited, because nothing keeps an author from writing an async function, whose failure would be nobody's.
      await within(clock, this.#startTimeout, () => plugin.register(context));
      registration.seal();
      this.#members.push({ plugin, registration });
    } catch (error) {
      registration.takeBack();
      this.#fail(plugin.name, registrationFailed, error);
    }
  }

  async #start(): Promise<void> {
    for (const member of this.#members) {
      if (!this.#stop.signal.aborted) await this.#startOne(member);
    }
    if (this.#stop.signal.aborted) return;
    this.#entitlements.watch();
    for (const { plugin, registration } of this.#members) {
      for (const [name, loop] of registration.loops) {
        this.#running.push({ plugin: plugin.name, ended: this.#run(plugin.name, name, loop) });
      }
    }
  }

  async #startOne({ plugin, registration }: Member): Promise<void> {
    try {
      await within(this.options.clock, this.#startTimeout, () => plugin.start?.());
    } catch (error) {
      registration.takeBack();
      this.#fail(plugin.name, startFailed, error);
    }
  }

  async #run(name: string, loop: string, run: BackgroundLoop): Promise<void> {
    const { signal } = this.#stop;
    try {
      await run(signal);
    } catch (error) {
      if (signal.aborted && isAbort(error, signal)) return;
      this.#rows.set(name, {
        name,
        status: "active",
        reason: `background loop ${loop} failed: ${text(error)}`,
      });
      this.options.telemetry.report(backgroundFailed, { name, loop, error: text(error) });
    }
  }

  async #close(deadline: number): Promise<string[]> {
    const { clock } = this.options;
    const end = clock.monotonic() + deadline;
    const remaining = (): number => Math.max(0, end - clock.monotonic());
    const unclean = new Set<string>();
    const attempt = async (name: string, work: () => unknown): Promise<void> => {
      try {
        await within(clock, remaining(), work);
      } catch (error) {
        unclean.add(name);
        this.options.telemetry.report(closeFailed, { name, error: text(error) });
      }
    };
    this.#stop.abort();
    this.#entitlements.close();
    await Promise.all(this.#running.map(({ plugin, ended }) => attempt(plugin, () => ended)));
    for (const { plugin, registration } of this.#members.toReversed()) {
      await attempt(plugin.name, () => plugin.close?.());
      registration.takeBack();
    }
    return [...unclean];
  }

  #fail(name: string, event: Failed, error: unknown): void {
    const reason = text(error);
    // A broken copy of a plugin that the application supplies itself takes nothing from it.
    if (event !== discoveryFailed || !this.#rows.has(name))
      this.#rows.set(name, { name, status: "failed", reason });
    this.options.telemetry.report(event, { name, error: reason });
  }
}

function isAbort(error: unknown, { reason }: AbortSignal): boolean {
  return error === reason || (error as { name?: unknown } | null)?.name === "AbortError";
}
