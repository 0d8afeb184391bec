import type { Baldur } from "./api.js";
import { type Origin, Runtime } from "./baldur.js";
import { text } from "./describe.js";
import { invalid } from "./errors.js";
import { ReplayHandlers } from "./failure-capture/replay-handlers.js";
import type { ShutdownReport } from "./lifecycle/lifecycle.js";
import { closeFailed } from "./plugins/events.js";
import type { Plugin } from "./plugins/plugin.js";
import { configurationQuarantined } from "./posture.js";
import { type BaldurOptions, checkOptions } from "./runtime-options.js";
import { VERSION } from "./version.js";

/** Shared by the ESM and the CommonJS build, and by every copy of the same major version in the process. */
const KEY: unique symbol = Symbol.for(`@baldur/core.runtime@${VERSION.split(".")[0]}`);

/** A plugin belongs to one runtime, so each gets its own. */
type MakePlugins = () => readonly Plugin[];

interface Holder {
  runtime: Runtime | undefined;
  starting: Promise<Baldur> | undefined;
  /** The runtime, while `register` alone has started it: the application's own options may yet come. */
  provisional: Runtime | undefined;
  /** Make what is part of every runtime that starts. */
  registered: readonly MakePlugins[];
  /** Registered while modules load, before there is a runtime, and kept from one to the next. */
  readonly replayHandlers: ReplayHandlers;
}

const NONE = { runtime: undefined, starting: undefined, provisional: undefined } as const;

const shared = globalThis as { [KEY]?: Holder };
shared[KEY] ??= { ...NONE, registered: [], replayHandlers: new ReplayHandlers() };
const holder: Holder = shared[KEY];

export const defaultReplayHandlers: ReplayHandlers = holder.replayHandlers;

/** The runtime behind the module functions, made on first use. Starts nothing. */
export function defaultRuntime(): Runtime {
  holder.runtime ??= unasked();
  return holder.runtime;
}

/** Whoever calls first has asked for no runtime, so its settings must not throw. */
function unasked(): Runtime {
  return new Runtime({}, { ...origin(), quarantine: true });
}

/** What outlives a runtime that is replaced: replay handlers, and the memory of work that was done. */
function origin(): Origin {
  const { runtime, replayHandlers } = holder;
  if (runtime === undefined || runtime.closed) return { replayHandlers };
  return { replayHandlers, announced: runtime.announced, idempotencyStore: runtime.idempotencyStore };
}

/**
 * Makes plugins part of the default runtime and starts it, ahead of the application and without a word of its code. Its
 * first `init` takes that runtime over or, where it names options, replaces it by one that has such plugins too. Where
 * `init` was called before, they wait for the next one. Settings that keep the runtime from starting are reported, and
 * stop nothing. `make` is called for every runtime. Rejects with `ConfigurationError` where it makes no plugins.
 * @public
 */
export async function register(make: () => readonly Plugin[]): Promise<void> {
  if (typeof make !== "function") throw invalid("make", "a function that makes plugins", make);
  checkOptions({ plugins: make() });
  holder.registered = [...holder.registered, make];
  if (holder.runtime?.closed) forget();
  if (holder.starting !== undefined) return;
  const { provisional } = holder;
  const starting = provisional === undefined ? defaultRuntime() : unasked();
  holder.provisional = starting;
  holder.runtime = starting;
  await startUnasked(starting.plug({ plugins: registered() }));
  if (provisional !== undefined) retire(provisional);
}

function registered(): Plugin[] {
  return holder.registered.flatMap((make) => make());
}

async function startUnasked(runtime: Runtime): Promise<void> {
  try {
    await runtime.start();
  } catch (error) {
    runtime.telemetry.report(configurationQuarantined, { problems: [text(error)] });
    if (holder.runtime === runtime) beginAgain();
    retire(runtime); // with what it had begun to open
  }
}

/** Calls go on without plugins, and an `init` is told itself what is wrong. */
function beginAgain(): void {
  const runtime = unasked().plug({ plugins: registered() });
  Object.assign(holder, { runtime, provisional: runtime });
}

/**
 * Makes the default runtime with these options, discovers plugins and starts it. Where calls were made before, and the
 * options name nothing but plugins, it is their runtime that is started; otherwise a new one takes over, with circuits
 * of its own. Registered plugins are part of either. Concurrent and later calls get the same runtime until it is closed;
 * their options are ignored. Rejects with `ConfigurationError` or `AdapterNotFoundError`, and may then be called again.
 * @public
 */
export function init(options: BaldurOptions = {}): Promise<Baldur> {
  if (holder.runtime?.closed) forget();
  holder.starting ??= begin(options).catch((error: unknown) => {
    holder.starting = undefined;
    throw error;
  });
  return holder.starting;
}

async function begin(options: BaldurOptions): Promise<Baldur> {
  checkOptions(options);
  const { runtime, provisional } = holder;
  const isUsable = runtime !== undefined && !runtime.quarantined;
  if (provisional !== undefined && isUsable && !namesAny(options)) return adopt(provisional.adopt());
  const all = { ...options, plugins: [...(options.plugins ?? []), ...registered()] };
  if (provisional !== undefined) return succeed(new Runtime(all, origin()).adopt());
  return start((isUsable && onlyPlugs(options) ? runtime.plug(all) : new Runtime(all, origin())).adopt());
}

async function start(starting: Runtime): Promise<Baldur> {
  const { runtime } = holder;
  holder.runtime = starting;
  try {
    return await starting.start();
  } catch (error) {
    if (holder.runtime === starting) holder.runtime = runtime;
    throw error;
  }
}

/** From now on it is the application's. */
function adopt(provisional: Runtime): Promise<Baldur> {
  holder.provisional = undefined;
  return provisional.start();
}

/** The provisional runtime goes on until the other one has started, so that no call finds itself without plugins. */
async function succeed(next: Runtime): Promise<Baldur> {
  try {
    await next.start();
  } catch (error) {
    retire(next);
    throw error;
  }
  const { provisional } = holder;
  // Without one, all was shut down meanwhile.
  if (provisional !== undefined) Object.assign(holder, { runtime: next, provisional: undefined });
  retire(provisional ?? next);
  return next;
}

/** Closes a runtime whose place is taken. Nobody waits: calls in flight on it may take their time. */
function retire(runtime: Runtime): void {
  runtime.close().catch((error: unknown) => {
    runtime.telemetry.report(closeFailed, { name: "runtime", error: text(error) });
  });
}

function forget(): void {
  Object.assign(holder, NONE);
}

function namesAny(options: BaldurOptions): boolean {
  return Object.values(options).some((option) => option !== undefined);
}

function onlyPlugs(options: BaldurOptions): boolean {
  return Object.keys(options).every((option) => option === "plugins" || option === "discover");
}

/**
 * Closes the default runtime: waits for calls in flight until the deadline (milliseconds, default 30,000), then closes
 * plugins in reverse order.
 * @public
 */
export async function shutdown(options: { deadline?: number } = {}): Promise<ShutdownReport> {
  const { runtime } = holder;
  forget();
  return runtime === undefined
    ? { clean: true, duration: 0, drained: 0, abandoned: [] }
    : runtime.close(options);
}
