import { constants } from "node:os";
import { isMainThread } from "node:worker_threads";
import type { Clock } from "../clock.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { exitForced, signalReceived } from "./events.js";

export interface SignalsParts {
  readonly clock: Clock;
  readonly telemetry: Pick<TelemetryHub, "report">;
  /** Drains and closes the runtime. Never rejects. */
  readonly shutDown: (reason: string) => Promise<unknown>;
}

type Listener = (signal: NodeJS.Signals) => void;

const SIGNALS: readonly NodeJS.Signals[] = ["SIGTERM", "SIGINT"];
/** Tells listeners of Baldur's from the application's, in whatever copy of the package. */
const OWN: unique symbol = Symbol.for("@baldur/core.signal");
/** Milliseconds after which a process that outlives its signal is ended. */
const DEAD_MAN = 5000;

/**
 * Drains a runtime on a signal. Listening keeps Node from ending the process, so it is ended here when the drain is over: by
 * the same signal, so that the supervisor sees what it sent. Where the application listens too, ending is left to it.
 */
export class Signals implements Disposable {
  #received: { readonly signal: NodeJS.Signals; readonly exits: boolean } | undefined;
  #isListening = false;

  constructor(private readonly parts: SignalsParts) {}

  /** The second time does nothing, and nothing happens in a worker thread, which gets no signals. */
  listen(): void {
    if (this.#isListening || !isMainThread) return;
    this.#isListening = true;
    // Ahead of others: one that listens once is gone by the time that those after it are called.
    for (const signal of SIGNALS) process.prependListener(signal, this.#receive);
  }

  [Symbol.dispose](): void {
    this.#isListening = false;
    for (const signal of SIGNALS) process.removeListener(signal, this.#receive);
  }

  readonly #receive: Listener = Object.assign((signal: NodeJS.Signals) => this.#onSignal(signal), {
    [OWN]: true,
  });

  #onSignal(signal: NodeJS.Signals): void {
    if (this.#received === undefined) {
      const exits = othersOf(signal).length === 0;
      this.#received = { signal, exits };
      this.parts.telemetry.report(signalReceived, { signal, exits });
      void this.parts.shutDown(signal).finally(() => this.#leave(signal, exits));
    } else if (this.#received.exits) {
      this.#force(signal, "the signal came again");
    }
  }

  #leave(signal: NodeJS.Signals, exits: boolean): void {
    this[Symbol.dispose]();
    // Another runtime of this process still drains, and does the same when it is done.
    if (!exits || process.listenerCount(signal) > 0) return;
    // The first process of a container outlives every signal that it does not listen to.
    if (process.pid === 1) return exit(signal);
    this.parts.clock.setTimeout(() => this.#force(signal, "the process outlived the signal"), DEAD_MAN);
    process.kill(process.pid, signal);
  }

  #force(signal: NodeJS.Signals, reason: string): void {
    this.parts.telemetry.report(exitForced, { signal, reason });
    exit(signal);
  }
}

/** As a shell tells that a signal ended a process. */
function exit(signal: NodeJS.Signals): void {
  process.exit(128 + constants.signals[signal]);
}

function othersOf(signal: NodeJS.Signals): unknown[] {
  return process.listeners(signal).filter((listener) => !(OWN in listener));
}
