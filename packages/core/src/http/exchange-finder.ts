import type { IncomingMessage, ServerResponse } from "node:http";
import type { Exchange } from "./exchange.js";

/** Known to every adapter and every copy of this package: a request is counted once. */
const KEY: unique symbol = Symbol.for("@baldur/core.http-exchange");

interface Carrier {
  [KEY]?: Exchange | undefined;
}

/**
 * The exchange of a response, whichever adapter began it. Those under way are found by their connection, whose property
 * lasts for all its requests: to add one to a response costs microseconds where a framework has changed its prototype.
 */
export function exchangeOf(response: ServerResponse): Exchange | undefined {
  const kept = (response as Carrier)[KEY];
  if (kept !== undefined) return kept;
  let exchange = carrierOf(response)[KEY];
  while (exchange !== undefined && exchange.response !== response) exchange = exchange.earlier;
  return exchange;
}

/** To be found until `removeExchange`. */
export function addExchange(exchange: Exchange): void {
  const carrier = carrierOf(exchange.response);
  exchange.earlier = carrier[KEY];
  carrier[KEY] = exchange;
}

export function removeExchange(exchange: Exchange): void {
  const carrier = carrierOf(exchange.response);
  let later = carrier[KEY];
  if (later === exchange) carrier[KEY] = exchange.earlier;
  while (later !== undefined && later.earlier !== exchange) later = later.earlier;
  if (later !== undefined) later.earlier = exchange.earlier;
  exchange.earlier = undefined;
}

/** To be found as long as there is the response. */
export function keepExchange(exchange: Exchange): void {
  (exchange.response as Carrier)[KEY] = exchange;
}

/** HTTP/2 has many requests at a time on one connection, and a stream for each; what was made by hand may have neither. */
function carrierOf(response: ServerResponse): Carrier {
  const request = response.req as (IncomingMessage & { readonly stream?: object }) | undefined;
  if (request?.httpVersionMajor === 2) return (request.stream ?? response) as Carrier;
  return (request?.socket ?? response) as Carrier;
}
