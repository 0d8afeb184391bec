import type { ShutdownHandler } from "../lifecycle/lifecycle.js";
import type { Connections } from "./connections.js";
import type { Exchanges } from "./exchanges.js";

export interface DrainPartParts {
  readonly connections: Connections;
  readonly exchanges: Exchanges;
  readonly onDrained: (() => unknown) | undefined;
}

/** An adapter's part in a shutdown. */
export class DrainPart implements ShutdownHandler {
  /** Whoever is answered is told that the connection ends with it. */
  isDraining = false;

  /** Settled when the drain has ended, however it went. */
  readonly ended: Promise<void>;
  #end: () => void = () => undefined;

  constructor(
    readonly name: string,
    private readonly parts: DrainPartParts,
  ) {
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  onShutdownStart(): void {
    this.isDraining = true;
    this.parts.connections.begin();
    this.parts.exchanges.endConnections();
  }

  /** The runtime has begun to go before there was anything to drain. */
  joinLate(): void {
    this.isDraining = true;
    this.#end();
  }

  isDrainComplete(): Promise<boolean> {
    return this.parts.connections.quiet();
  }

  onDrainComplete(): unknown {
    this.#end();
    this.parts.connections.close();
    return this.parts.onDrained?.();
  }

  /** What is not answered by now is cut off: the framework would wait for it, and an endless stream would never end. */
  onForceShutdown(): unknown {
    this.#end();
    for (const { response } of this.parts.exchanges) response.destroy();
    this.parts.connections.destroy();
    return this.parts.onDrained?.();
  }
}
