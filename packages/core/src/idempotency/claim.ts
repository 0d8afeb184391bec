import { whenAnswered } from "./answer.js";
import type { IdempotencyReporter, Keyed, Undone } from "./reporter.js";
import { encodeResult } from "./result.js";
import type { Answer, ClaimToken, IdempotencyStore, Settlement } from "./store.js";

/** What governs one claim; milliseconds. */
export interface ClaimPolicy {
  /** How long work is remembered after it ended. */
  readonly ttl: number;
  readonly executionTtl: number;
  readonly failOpen: boolean;
  readonly replayResult: boolean;
}

export interface ClaimParts {
  readonly call: Keyed;
  readonly token: ClaimToken;
  readonly policy: ClaimPolicy;
  readonly store: IdempotencyStore;
  readonly reporter: IdempotencyReporter;
}

/**
 * The right to do the work of a key, ended once by the caller of whichever method fits. Ending it never throws or
 * rejects: the work is over, and what the store makes of it is reported.
 */
export class Claim {
  #late: { readonly value: unknown } | null = null;
  #kept = false;

  constructor(private readonly parts: ClaimParts) {}

  /** The work was done. */
  complete(value: unknown): Answer<void> {
    const { call, token, store, reporter } = this.parts;
    const settlement = this.#settlement(value);
    return whenAnswered(
      () => store.complete(call.key, token, settlement),
      (own) => (own ? undefined : reporter.lost(call, "completed")),
      (error) => reporter.completionFailed(call, error),
    );
  }

  /** The work failed and may be done again, unless a run that was given up has done it meanwhile. */
  fail(): Answer<void> {
    const { call, token, policy, store } = this.parts;
    if (this.#late !== null) return this.complete(this.#late.value);
    return this.#return("failed", () => store.fail(call.key, token, { ttl: policy.ttl }));
  }

  /** The work was never begun. */
  release(): Answer<void> {
    const { call, token, store } = this.parts;
    return this.#return("released", () => store.release(call.key, token));
  }

  /** The work was given up and may still be running: the claim stays in force until its window ends. */
  keep(): Answer<void> {
    this.#kept = true;
    return this.#late === null ? undefined : this.complete(this.#late.value);
  }

  /** A run that was given up did the work after all. */
  completeLate(value: unknown): void {
    if (this.#kept) this.complete(value);
    else this.#late = { value };
  }

  #return(status: Undone, ask: () => Answer<boolean>): Answer<void> {
    const { call, reporter } = this.parts;
    return whenAnswered(
      ask,
      (own) => (own ? undefined : reporter.lost(call, status)),
      (error) => reporter.returnFailed(call, status, error),
    );
  }

  #settlement(value: unknown): Settlement {
    const { call, policy, reporter } = this.parts;
    const { ttl } = policy;
    if (!policy.replayResult) return { ttl };
    try {
      return { ttl, result: encodeResult(value) };
    } catch (error) {
      reporter.replayFailed(call, error);
      return { ttl };
    }
  }
}
