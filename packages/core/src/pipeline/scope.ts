import type { AsyncResource } from "node:async_hooks";

/** The async context of a call's caller, to be entered again from a timer or an event that is not the caller's. */
export type Scope = Pick<AsyncResource, "runInAsyncScope">;

/** Makes scopes. The module is asked for here: importing the package must not load what is not used. */
export function scopes(): () => Scope {
  const { AsyncResource } = process.getBuiltinModule("node:async_hooks");
  const options = { requireManualDestroy: true }; // nothing listens for the end of one
  return () => new AsyncResource("BALDURCALL", options);
}
