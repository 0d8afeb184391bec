/** How a call ended, as its caller saw it. @public */
export type Outcome = "success" | "fallback" | "rejected" | "failure" | "timeout" | "aborted";

/** What an error says about the dependency. @public */
export type Classification =
  /** Counts against the dependency and may be retried. */
  | "failure"
  /** Says nothing about the dependency: in no window, never retried. */
  | "ignored"
  /** The dependency asked to be called less: counted apart, retried after the shared cooldown. */
  | "rate_limited"
  /** Counts against the dependency, and trying again cannot help. */
  | "fatal";
