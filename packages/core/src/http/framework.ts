import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpAnswer } from "./answer.js";

/** What an adapter asks of its framework. @public */
export interface HttpFramework<R> {
  readonly name: string;
  /** The template of the route that has matched; undefined where none has. */
  template(request: R): string | undefined;
  /** The client's address, as the framework was told to trust proxies. */
  address(request: R): string | undefined;
  /** Prepares what a server made for a request, before the framework sees it. */
  shape?(request: IncomingMessage, response: ServerResponse): void;
}

/** The answer in place of the application's; undefined for a request that passes. @public */
export type Instead = HttpAnswer | undefined;
