/** How many calls may begin in any window of so many milliseconds. @public */
export interface RateLimitRule {
  readonly limit: number;
  readonly window: number;
}

/** @public */
export interface TakeRequest extends RateLimitRule {
  /** Whose limit it is. A change of the window begins another one. */
  readonly bucket: string;
  /** Calls that want to begin. */
  readonly count: number;
  /** Calls that began without asking, while the store could not be asked: they count too. */
  readonly owed: number;
}

/** @public */
export interface Taken {
  /** How many of them may. */
  readonly granted: number;
  /**
   * Whole milliseconds, where not all may; else 0. Then one more may begin, unless another caller was first: at most a
   * twentieth of the window, and a millisecond, later than it could.
   */
  readonly wait: number;
  /** How many more may begin after them, as it stands. */
  readonly left: number;
}

/**
 * Where calls are counted. Each operation is atomic per bucket. Never grants more than `limit` calls in any window; a place
 * comes free at most a twentieth of the window later than it could. A store that cannot answer throws or rejects.
 * @public
 */
export interface RateLimitStore {
  /** Whether it is worth asking. */
  readonly available: boolean;
  take(request: TakeRequest): Taken | PromiseLike<Taken>;
}
