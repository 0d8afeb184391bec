import type { Server } from "node:http";
import { type Clock, type PluginTelemetry, unref } from "@baldur/core/plugin";
import type { ControlApi } from "../api.js";
import { serverStopped } from "../events.js";

/** Milliseconds that requests may take to end. */
const TIMEOUT = 1000;

/** A server that listens. @public */
export interface AdminServer {
  readonly bind: string;
  /** The real one, where a free one was asked for. */
  readonly boundPort: number;
  readonly url: string;
  /** Stops listening at once, and waits so many milliseconds for requests that are under way. Default 1,000. Idempotent. */
  stop(options?: { readonly timeout?: number }): Promise<void>;
}

export interface ListeningParts {
  readonly server: Server;
  readonly api: ControlApi;
  readonly bind: string;
  readonly boundPort: number;
  readonly clock: Clock;
  readonly telemetry: PluginTelemetry;
}

export class ListeningServer implements AdminServer {
  readonly bind: string;
  readonly boundPort: number;
  #stopping: Promise<void> | undefined;

  constructor(private readonly parts: ListeningParts) {
    this.bind = parts.bind;
    this.boundPort = parts.boundPort;
  }

  get url(): string {
    const host = this.bind.includes(":") ? `[${this.bind}]` : this.bind;
    return `http://${host}:${this.boundPort}`;
  }

  get stopped(): boolean {
    return this.#stopping !== undefined;
  }

  stop({ timeout = TIMEOUT }: { readonly timeout?: number } = {}): Promise<void> {
    this.#stopping ??= this.#stop(timeout);
    return this.#stopping;
  }

  /** The port is free as soon as this was called. */
  async #stop(timeout: number): Promise<void> {
    const { server, api, clock, telemetry, bind, boundPort } = this.parts;
    const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
    server.closeIdleConnections();
    api.close();
    const timer = clock.setTimeout(() => server.closeAllConnections(), timeout);
    unref(timer);
    await closed;
    clock.clearTimeout(timer);
    telemetry.report(serverStopped, { bind, port: boundPort });
  }
}
