import type { Baldur } from "./api.js";
import { type Origin, Runtime } from "./baldur.js";
import { ReplayHandlers } from "./failure-capture/replay-handlers.js";
import type { ShutdownReport } from "./lifecycle/lifecycle.js";
import type { BaldurOptions } from "./runtime-options.js";
import { VERSION } from "./version.js";

/** Shared by the ESM and the CommonJS build, and by every copy of the same major version in the process. */
const KEY: unique symbol = Symbol.for(`@baldur/core.runtime@${VERSION.split(".")[0]}`);

interface Holder {
  runtime: Runtime | undefined;
  starting: Promise<Baldur> | undefined;
  /** Registered while modules load, before there is a runtime, and kept from one to the next. */
  readonly replayHandlers: ReplayHandlers;
}

const shared = globalThis as { [KEY]?: Holder };
shared[KEY] ??= { runtime: undefined, starting: undefined, replayHandlers: new ReplayHandlers() };
const holder: Holder = shared[KEY];

const NONE = { runtime: undefined, starting: undefined } as const;

export const defaultReplayHandlers: ReplayHandlers = holder.replayHandlers;

/** The runtime behind the module functions, made on first use. Starts nothing. */
export function defaultRuntime(): Runtime {
  holder.runtime ??= new Runtime({}, { ...origin(), quarantine: true });
  return holder.runtime;
}

/** What outlives a runtime that is replaced: replay handlers, and the memory of work that was done. */
function origin(): Origin {
  const { runtime, replayHandlers } = holder;
  if (runtime === undefined || runtime.closed) return { replayHandlers };
  return { replayHandlers, announced: runtime.announced, idempotencyStore: runtime.idempotencyStore };
}

/**
 * Makes the default runtime with these options, discovers plugins and starts it. Where calls were made before, and the
 * options name nothing but plugins, it is their runtime that is started; otherwise a new one takes over, with circuits
 * of its own. Concurrent and later calls get the same runtime until it is closed; their options are ignored. Rejects with
 * `ConfigurationError` or `AdapterNotFoundError`, and may then be called again.
 * @public
 */
export function init(options: BaldurOptions = {}): Promise<Baldur> {
  if (holder.runtime?.closed) Object.assign(holder, NONE);
  holder.starting ??= begin(options).catch((error: unknown) => {
    holder.starting = undefined;
    throw error;
  });
  return holder.starting;
}

async function begin(options: BaldurOptions): Promise<Baldur> {
  const { runtime } = holder;
  const continues = runtime !== undefined && !runtime.quarantined && onlyPlugs(options);
  const starting = continues ? runtime.plug(options) : new Runtime(options, origin());
  holder.runtime = starting;
  try {
    return await starting.start();
  } catch (error) {
    if (holder.runtime === starting) holder.runtime = runtime;
    throw error;
  }
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
  Object.assign(holder, NONE);
  return runtime === undefined
    ? { clean: true, duration: 0, drained: 0, abandoned: [] }
    : runtime.close(options);
}
