import { type HotClock, unref } from "../clock.js";
import type { Admission } from "../lifecycle/lifecycle.js";
import type { HttpServer } from "./http-server.js";
import { Sessions } from "./sessions.js";
import { Upgrades } from "./upgrades.js";

export interface ConnectionsParts {
  readonly clock: HotClock;
  /** Milliseconds that clients have, in a drain, to notice that this process goes. */
  readonly linger: number;
  readonly admit: () => Admission | undefined;
  readonly retryAfter: () => number;
}

/** What is still open after so many milliseconds is of no use to anyone. */
const PATIENCE = 1000;

/**
 * The connections of the servers that an adapter serves. A connection that is closed while its client writes to it fails a
 * request, and so does a server that closes while one is on its way to it. In a drain both wait for a moment: what comes is
 * refused, and told to come no more.
 */
export class Connections {
  readonly #servers = new Map<HttpServer, { owned: boolean }>();
  readonly #upgrades: Upgrades;
  readonly #sessions = new Sessions();
  /** When the latest request came. */
  lastArrival: number = Number.NEGATIVE_INFINITY;
  #began = Number.POSITIVE_INFINITY;

  constructor(private readonly parts: ConnectionsParts) {
    this.#upgrades = new Upgrades(parts.admit, parts.retryAfter);
  }

  /** One that is owned is closed when the runtime is. Answers whether it is new. */
  watch(server: HttpServer, owned: boolean): boolean {
    const known = this.#servers.get(server);
    if (known !== undefined) {
      known.owned ||= owned;
      return false;
    }
    this.#servers.set(server, { owned });
    this.#upgrades.watch(server);
    this.#sessions.watch(server);
    return true;
  }

  /** The drain has begun. */
  begin(): void {
    this.#began = this.parts.clock.monotonic();
    this.#sessions.begin();
  }

  /** Nobody is connected or has come lately, or all have had their time to notice. */
  async quiet(): Promise<boolean> {
    const { clock, linger } = this.parts;
    const now = clock.monotonic();
    if (now >= this.#began + linger) return true;
    if (now < this.lastArrival + linger) return false;
    const counts = await Promise.all([...this.#servers.keys()].map(connections));
    return counts.every((count) => count === 0);
  }

  /** Everything has ended. */
  close(): void {
    this.#sessions.close();
    for (const [server, { owned }] of this.#servers) {
      if (owned) this.#close(server);
      else server.closeIdleConnections?.();
    }
  }

  /** The time is up. */
  destroy(): void {
    this.#upgrades.destroy();
    this.#sessions.destroy();
    for (const [server, { owned }] of this.#servers) {
      if (owned) server.close();
      if (owned) server.closeAllConnections?.();
    }
  }

  #close(server: HttpServer): void {
    server.close();
    server.closeIdleConnections?.();
    const { clock } = this.parts;
    unref(clock.setTimeout(() => server.closeAllConnections?.(), PATIENCE));
  }
}

function connections(server: HttpServer): Promise<number> {
  return new Promise((resolve) => {
    server.getConnections((error, count) => resolve(error ? 0 : count));
  });
}
