import type { Baldur } from "@baldur/core";
import { systemClock } from "@baldur/core/plugin";
import { ControlApi } from "./api.js";
import { type AdminHandlerOptions, policyOf, settingsOf } from "./policy.js";
import type { RequestInfo } from "./request/info.js";

/** Answers requests as `fetch` would. Never rejects. @public */
export type AdminHandler = (request: Request, info?: RequestInfo) => Promise<Response>;

/**
 * The control API of a runtime as one function, to be served by anything that speaks the Fetch standard. Throws
 * `ConfigurationError` for options or settings that break their rules.
 * @public
 */
export function adminHandler(baldur: Baldur, options: AdminHandlerOptions = {}): AdminHandler {
  const { prefix, authorize, ...overrides } = options;
  const mounting = { ...(prefix !== undefined && { prefix }), ...(authorize !== undefined && { authorize }) };
  const api = new ControlApi(baldur, policyOf(settingsOf(baldur, overrides), mounting), systemClock());
  return (request, info) => api.answer(request, info);
}
