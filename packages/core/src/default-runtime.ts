import { type Baldur, type Origin, Runtime } from "./baldur.js";
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

export const defaultReplayHandlers: ReplayHandlers = holder.replayHandlers;

/** The runtime behind the module functions, made on first use. Starts nothing. */
export function defaultRuntime(): Runtime {
  holder.runtime ??= new Runtime({}, { ...origin(), quarantine: true });
  return holder.runtime;
}

function origin(): Origin {
  return { replayHandlers: holder.replayHandlers, announced: holder.runtime?.announced ?? false };
}

/**
 * Makes the default runtime with these options, discovers plugins and starts it. Concurrent and later calls get the same
 * runtime; their options are ignored. Rejects with `ConfigurationError` or `AdapterNotFoundError`, and may then be called again.
 * @public
 */
export function init(options: BaldurOptions = {}): Promise<Baldur> {
  holder.starting ??= begin(options).catch((error: unknown) => {
    holder.starting = undefined;
    throw error;
  });
  return holder.starting;
}

async function begin(options: BaldurOptions): Promise<Baldur> {
  const runtime = new Runtime(options, origin());
  holder.runtime = runtime;
  return runtime.start();
}

/**
 * Closes the default runtime: waits for calls in flight until the deadline, then closes plugins in reverse order.
 * @public
 */
export async function shutdown(options: { deadline?: number } = {}): Promise<ShutdownReport> {
  const { runtime } = holder;
  holder.runtime = undefined;
  holder.starting = undefined;
  return runtime === undefined
    ? { clean: true, duration: 0, drained: 0, abandoned: [] }
    : runtime.close(options);
}
