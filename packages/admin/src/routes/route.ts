import type { Baldur } from "@baldur/core";
import type { AdminRequest, AdminRoute, Clock, PluginTelemetry } from "@baldur/core/plugin";
import type { Caller, RequiredRole } from "../access/roles.js";
import type { Policy } from "../policy.js";

/** What the handlers of this package are given beside what a plugin's are. */
export interface RouteRequest extends AdminRequest {
  readonly request: Request;
  /** Undefined on public routes. */
  readonly caller: Caller | undefined;
}

/** A route as it is served: a plugin's is one too. */
export interface Route extends Omit<AdminRoute, "role" | "handler"> {
  readonly role: RequiredRole;
  readonly handler: (request: RouteRequest) => unknown;
}

/** What routes work with. */
export interface Host {
  readonly baldur: Baldur;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly telemetry: PluginTelemetry;
}

/** Whether a route changes something. */
export function isMutation({ method }: Pick<Route, "method">): boolean {
  return method !== "GET";
}

/** A text of a body that was checked. */
export function textOf(body: unknown, name: string): string | undefined {
  return (body as Readonly<Record<string, string | undefined>> | undefined)?.[name];
}

/** A number of a body, or of a query, that was checked. */
export function numberOf(given: unknown, name: string): number | undefined {
  if (!(given instanceof URLSearchParams)) return (given as Record<string, number> | undefined)?.[name];
  const value = given.get(name);
  return value === null ? undefined : Number(value);
}

export function timestamp({ clock }: Pick<Host, "clock">): string {
  return new Date(clock.now()).toISOString();
}
