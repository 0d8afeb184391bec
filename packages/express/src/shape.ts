import type { IncomingMessage, ServerResponse } from "node:http";
import { MATCH } from "./matched-route.js";

/** What Express adds to every request and response. */
type Shaped<T> = T & Record<string | symbol, unknown>;

/**
 * Adds the properties that Express is going to fill in, before it changes the prototypes: to add one after that costs
 * V8 two microseconds each. Values that are there already stay.
 */
export function shape(request: Shaped<IncomingMessage>, response: Shaped<ServerResponse>): void {
  request["res"] ??= undefined;
  request["next"] ??= undefined;
  request["baseUrl"] ??= undefined;
  request["originalUrl"] ??= undefined;
  request["_parsedUrl"] ??= undefined;
  request["params"] ??= undefined;
  request[MATCH] ??= undefined;
  response["locals"] ??= undefined;
}
