import type { Declarations, Plugin } from "@baldur/core/plugin";
import * as events from "./events.js";
import { embedded } from "./plugin.js";

export { type EmbeddedOptions, embedded } from "./plugin.js";

/** For discovery. @public */
export const plugin = (): Plugin => embedded();

/** Everything that the package declares. @public */
export function declarations(): Declarations {
  return { errors: [], settings: [], events: Object.values(events), metrics: [] };
}
