import type { IncomingMessage, ServerResponse } from "node:http";
import { MATCH } from "./matched-route.js";

/** What Express adds to every request and response. */
type Shaped<T> = T & Record<string | symbol, unknown>;

/**
 * Adds the properties that Express is going to fill in, before it changes the prototypes: to add one after that costs
 * V8 two microseconds each. What is there already stays, such as accessors of the application's own classes.
 */
export function shape(request: Shaped<IncomingMessage>, response: Shaped<ServerResponse>): void {
  if (!("res" in request)) request["res"] = undefined;
  if (!("next" in request)) request["next"] = undefined;
  if (!("baseUrl" in request)) request["baseUrl"] = undefined;
  if (!("originalUrl" in request)) request["originalUrl"] = undefined;
  if (!("_parsedUrl" in request)) request["_parsedUrl"] = undefined;
  if (!("params" in request)) request["params"] = undefined;
  if (!(MATCH in request)) request[MATCH] = undefined;
  if (!("locals" in response)) response["locals"] = undefined;
}
