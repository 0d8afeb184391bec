import type { Baldur } from "../api.js";
import { type Clock, hotClock } from "../clock.js";
import type { DocumentStore } from "../documents/documents.js";
import { invalid } from "../errors.js";
import type { FailedOperation, ReplayEnding } from "../failure-capture/operation.js";
import type { ReplayHandlers } from "../failure-capture/replay-handlers.js";
import type { KeyValueStore } from "../kv/kv.js";
import type { RedisClient } from "../redis/redis.js";
import type { SettingsGroup } from "../settings/define.js";
import type { StorageSettings } from "../settings/runtime.js";
import type { Slot, SlotTable } from "../slots/slot.js";
import type { SqlDatabase } from "../sql/sql.js";
import type { EventDefinition, TelemetryEvent } from "../telemetry/event.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import type { Entitlement, EntitlementRequest } from "./entitlement.js";
import type { AdminRoute } from "./route.js";

/**
 * Something that adds to a runtime. A plugin is a value: importing its package does nothing.
 * @public
 */
export interface Plugin {
  /** Unique in a runtime: the name of its package. */
  name: string;
  /**
   * Asked once at boot. Unless the answer is active, the plugin stays inert: nothing else of it is called. Asked again
   * every day, with `force`, only to show the answer: a plugin that runs goes on, and an inert one waits for the next start.
   */
  entitlement?: (request: EntitlementRequest) => Promise<Entitlement>;
  /** Settings that it reads, so that they are checked and documented with all others. */
  settings?: readonly SettingsGroup[];
  /** Registers what the plugin supplies. When it throws, all of it is taken back and the runtime goes on without. */
  register(context: PluginContext): void;
  /** Called in the order of registration, once all plugins are registered. */
  start?(): Promise<void>;
  /** Called in reverse order, also when `start` failed or was not reached. */
  close?(): Promise<void>;
}

/** What a plugin may tell and measure. @public */
export type PluginTelemetry = Pick<
  TelemetryHub,
  "report" | "subscribe" | "addSink" | "counter" | "gauge" | "histogram" | "observeGauge" | "readings"
>;

/** What other plugins supply. @public */
export type SlotReader = Pick<SlotTable, "get" | "provider" | "isFilled">;

/** An event as a listener receives it. @public */
export type EventOf<P extends object> = TelemetryEvent & { readonly payload: P };

/** Makes what a plugin provides beyond the slots, such as a store; its type is agreed on by kind. @public */
export type ProviderFactory = () => unknown;

/** Runs until the signal aborts. May end earlier; if it throws, that is reported and it is not run again. @public */
export type BackgroundLoop = (signal: AbortSignal) => Promise<void>;

/**
 * What a plugin works with. `fill`, `on`, `routes`, `background` and `provider` may be called while `register` runs, and
 * throw `ConfigurationError` afterwards.
 * @public
 */
export interface PluginContext {
  /** The runtime that the plugin is part of. It is not started yet while plugins register. */
  readonly runtime: Baldur;
  /**
   * Whether it is the application's own, which `init()` made: what a process has only once, such as a port, belongs to that.
   * May become true later, which the event `baldur.runtime_adopted` tells.
   */
  isDefault(): boolean;
  /** The values of a group; `overrides` are the plugin's own options, and win. */
  settings<V extends object>(group: SettingsGroup<V>, overrides?: Partial<V>): Readonly<V>;
  /** Where state is kept beyond the process. */
  readonly storage: Readonly<StorageSettings>;
  readonly documents: DocumentStore;
  /** The ordered map that stores are written for, as durable as the runtime has one. Throws before plugins are started. */
  keyValue(): KeyValueStore;
  /** The Redis of the fleet; undefined where none is configured. Throws before plugins are started. */
  redis(): RedisClient | undefined;
  /** The database of the fleet; undefined where none is configured. Throws before plugins are started. */
  sql(): SqlDatabase | undefined;
  /** The folder for the state of this host. Nothing is made. */
  dataFolder(): string;
  /** What an operator has switched off: to be asked before anything that acts by itself. */
  readonly control: { readonly enabled: boolean; readonly dryRun: boolean };
  readonly telemetry: PluginTelemetry;
  readonly clock: Clock;
  /** How failed operations are done again, by protected name. */
  readonly replayHandlers: ReplayHandlers;
  /** Does a failed operation again, protected, with its handler; what fails within is not captured. Never rejects. */
  replay(operation: FailedOperation): Promise<ReplayEnding>;
  /** Read it when it is needed: plugins registered later may fill a slot. */
  readonly slots: SlotReader;
  /** Throws `ConfigurationError` when another plugin fills the slot. */
  fill<T extends object>(slot: Slot<T>, implementation: T): void;
  /** Listens to an event, given by declaration or by name, until the runtime closes. */
  on<P extends object>(event: EventDefinition<P> | string, listener: (event: EventOf<P>) => void): void;
  routes(...routes: readonly AdminRoute[]): void;
  /** Runs a loop while the runtime does. */
  background(name: string, loop: BackgroundLoop): void;
  /** Provides something of a kind of which there may be several; one per kind and plugin. */
  provider(kind: string, factory: ProviderFactory): void;
}

/** The clock of the process, for what belongs to no runtime; a plugin at work uses its context's. @public */
export function systemClock(): Clock {
  return hotClock();
}

/** As packages are named. */
const PACKAGE_NAME = /^(?:@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/;
const LONGEST_NAME = 214;

/**
 * Checks a plugin and hands it back. Throws `ConfigurationError` that names the field which breaks its rule.
 * @public
 */
export function definePlugin(plugin: Plugin): Plugin {
  if (typeof plugin !== "object" || plugin === null) throw invalid("plugin", "an object", plugin);
  const { name, settings } = plugin;
  if (typeof name !== "string" || name.length > LONGEST_NAME || !PACKAGE_NAME.test(name)) {
    throw invalid("plugin.name", "the name of a package, in lower case", name);
  }
  if (typeof plugin.register !== "function")
    throw invalid(`${name}: register`, "a function", plugin.register);
  for (const method of ["entitlement", "start", "close"] as const) {
    if (!["undefined", "function"].includes(typeof plugin[method])) {
      throw invalid(`${name}: ${method}`, "a function", plugin[method]);
    }
  }
  if (settings !== undefined && !Array.isArray(settings))
    throw invalid(`${name}: settings`, "an array", settings);
  return plugin;
}
