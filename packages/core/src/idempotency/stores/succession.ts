import type {
  Answer,
  ClaimAnswer,
  ClaimRequest,
  ClaimToken,
  IdempotencyStore,
  Settlement,
} from "../store.js";
import type { MemoryIdempotencyStore } from "./memory.js";

/**
 * A store that takes over from the memory of the time before the start: a key that was claimed there stays there until it
 * is forgotten, so that work that was done is not done again.
 */
export class SuccessionIdempotencyStore implements IdempotencyStore {
  readonly shared: boolean;

  constructor(
    private readonly before: MemoryIdempotencyStore,
    private readonly now: IdempotencyStore,
  ) {
    this.shared = now.shared;
  }

  claim(key: string, request: ClaimRequest): Answer<ClaimAnswer> {
    return this.#of(key).claim(key, request);
  }

  complete(key: string, token: ClaimToken, settlement: Settlement): Answer<boolean> {
    return this.#of(key).complete(key, token, settlement);
  }

  fail(key: string, token: ClaimToken, settlement: Settlement): Answer<boolean> {
    return this.#of(key).fail(key, token, settlement);
  }

  release(key: string, token: ClaimToken): Answer<boolean> {
    return this.#of(key).release(key, token);
  }

  #of(key: string): IdempotencyStore {
    return this.before.size > 0 && this.before.holds(key) ? this.before : this.now;
  }
}
