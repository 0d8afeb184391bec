/** An answer that may be there at once: a store in memory costs its callers no turn of the event loop. @public */
export type Answer<T> = T | PromiseLike<T>;

/** What a store keeps of a key. `since` is a reading of the store's own clock, in milliseconds. @public */
export interface IdempotencyRecord {
  readonly status: "executing" | "completed" | "failed";
  /** Made anew for every claim: nobody else can settle it. */
  readonly owner: string;
  /** 1 for the first claim, one more for each takeover. */
  readonly attempt: number;
  /** When the status was taken on. */
  readonly since: number;
  /** Milliseconds for which the status is honoured from then on. */
  readonly ttl: number;
  /** The result as JSON, where it is kept; empty for undefined. */
  readonly result?: string;
}

/** @public */
export interface ClaimRequest {
  readonly owner: string;
  /** Milliseconds for which the claim is honoured while it runs. */
  readonly ttl: number;
  /** Milliseconds by which the clocks of claimants may differ. */
  readonly tolerance: number;
}

/** @public */
export type ClaimAnswer =
  /** The key is claimed: run. `takeover` says what became of the claim before. */
  | { readonly decision: "continue"; readonly attempt: number; readonly takeover?: "failed" | "stale" }
  /** The work was done. */
  | { readonly decision: "skip"; readonly result?: string }
  /** The work is running, or nobody can tell. */
  | { readonly decision: "abort"; readonly reason: "executing" | "corrupt" | "contended" };

/** What a claimant holds. @public */
export interface ClaimToken {
  readonly owner: string;
  readonly attempt: number;
}

/** How work ended, and for how many milliseconds that is remembered. @public */
export interface Settlement {
  readonly ttl: number;
  readonly result?: string;
}

/**
 * Where claims are kept. Every operation is atomic per key and decides by the functions of `transition.ts`; a store that
 * cannot answer throws or rejects. The settling ones are compare-and-set on the owner, and answer whether the record was
 * (or already had been) settled by it.
 * @public
 */
export interface IdempotencyStore {
  /** Whether other processes see its records. */
  readonly shared: boolean;
  claim(key: string, request: ClaimRequest): Answer<ClaimAnswer>;
  /** The work was done. Also writes the record of a claim that has expired, unless someone else took the key over. */
  complete(key: string, token: ClaimToken, settlement: Settlement): Answer<boolean>;
  /** The work failed, and may be done again at once. */
  fail(key: string, token: ClaimToken, settlement: Settlement): Answer<boolean>;
  /** The work was never begun: as if the key had not been claimed. */
  release(key: string, token: ClaimToken): Answer<boolean>;
}
