/**
 * Something whose adoption rejects a promise. Answered by a handler in place of throwing there, which costs Node four
 * times as much, since it makes a message of every throw.
 */
class Rejection implements PromiseLike<never> {
  constructor(private readonly error: unknown) {}

  // biome-ignore lint/suspicious/noThenProperty: to be adopted is what it is for
  then<R1, R2>(_: unknown, reject?: ((reason: unknown) => R1 | PromiseLike<R1>) | null): PromiseLike<R2> {
    reject?.(this.error);
    return this;
  }
}

/** For the promise of a handler to answer with: rejects that promise. */
export function rejection(error: unknown): PromiseLike<never> {
  return new Rejection(error);
}

/**
 * A promise that rejects one microtask from now: one rejected before anyone can have attached a handler costs Node twice
 * the bookkeeping.
 */
export function rejectLater(error: unknown): Promise<never> {
  return Promise.resolve(new Rejection(error));
}
