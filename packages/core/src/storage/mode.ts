/** Whether Redis is in use. @public */
export type StorageMode = "normal" | "degraded" | "recovering";

export interface ModeState {
  readonly mode: StorageMode;
  /** Monotonic milliseconds since when Redis was not in use; while it is, since when it is. */
  readonly since: number;
  /** Recoveries that were begun, ever: what an earlier one has to say does not count. */
  readonly recovery: number;
}

export type ModeInput =
  /** Redis is gone, or did not answer. */
  | { readonly kind: "lost" }
  /** Redis answers again. */
  | { readonly kind: "answers" }
  | { readonly kind: "recovered"; readonly recovery: number }
  | { readonly kind: "failed"; readonly recovery: number };

/** What has just come about; undefined: nothing. */
export type ModeChange = "degraded" | "recovering" | "recovery_failed" | "recovered" | undefined;

export interface ModeTransition {
  readonly state: ModeState;
  readonly change: ModeChange;
}

/** Redis is in use until something is known against it. */
export function initialMode(now: number): ModeState {
  return { mode: "normal", since: now, recovery: 0 };
}

/**
 * Sticky: what is degraded goes back to normal by a recovery that succeeds, and by nothing else. Whatever fails amid one
 * ends it.
 */
export function transition(state: ModeState, input: ModeInput, now: number): ModeTransition {
  const { mode, since, recovery } = state;
  switch (input.kind) {
    case "lost":
      if (mode === "normal") return changed({ mode: "degraded", since: now, recovery }, "degraded");
      if (mode === "recovering") return changed({ mode: "degraded", since, recovery }, "recovery_failed");
      return unchanged(state);
    case "answers":
      if (mode !== "degraded") return unchanged(state);
      return changed({ mode: "recovering", since, recovery: recovery + 1 }, "recovering");
    case "recovered":
      if (!isCurrent(state, input.recovery)) return unchanged(state);
      return changed({ mode: "normal", since: now, recovery }, "recovered");
    case "failed":
      if (!isCurrent(state, input.recovery)) return unchanged(state);
      return changed({ mode: "degraded", since, recovery }, "recovery_failed");
  }
}

function isCurrent(state: ModeState, recovery: number): boolean {
  return state.mode === "recovering" && state.recovery === recovery;
}

function changed(state: ModeState, change: ModeChange): ModeTransition {
  return { state, change };
}

function unchanged(state: ModeState): ModeTransition {
  return { state, change: undefined };
}
