import type { Baldur } from "@baldur/core";
import { systemClock } from "@baldur/core/plugin";
import { ControlApi } from "../src/api.js";
import { policyOf, settingsOf } from "../src/policy.js";
import type { Route } from "../src/routes/route.js";

/** The routes that a handler of this runtime serves. */
export function routesServed(baldur: Baldur): readonly Route[] {
  return new ControlApi(baldur, policyOf(settingsOf(baldur), {}), systemClock()).routes;
}
