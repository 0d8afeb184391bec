import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import type { Baldur } from "../../../src/api.js";
import type { RequestContext } from "../../../src/http/context.js";
import type { HttpAdapterOptions, HttpRouteOptions } from "../../../src/http/options.js";

/** A request as a handler of a test sees it, whatever the framework is. */
export interface Asked {
  readonly params: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly context: RequestContext;
  /** From the async storage, where there is one. */
  readonly ambient: () => RequestContext | undefined;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

export interface TestAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer | Readable | object;
}

export interface TestRoute {
  readonly method: "GET" | "POST";
  readonly path: string;
  // biome-ignore lint/suspicious/noExplicitAny: the functions of options take the framework's request
  readonly guard?: HttpRouteOptions<any>;
  readonly handler: (asked: Asked) => TestAnswer | Promise<TestAnswer>;
}

export interface AppOptions {
  readonly runtime: Baldur;
  readonly routes: readonly TestRoute[];
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly options: Omit<HttpAdapterOptions<any>, "runtime" | "onDrained">;
  /** The framework believes `X-Forwarded-For` of the peer. */
  readonly trustProxy?: boolean;
}

/** An application of a framework that listens on 127.0.0.1. */
export interface RunningApp {
  readonly port: number;
  readonly server: Server;
  /** Ends it without a drain. */
  stop(): Promise<void>;
}

/** A framework with its adapter. */
export interface AdapterSubject {
  readonly name: string;
  start(options: AppOptions): Promise<RunningApp>;
}
