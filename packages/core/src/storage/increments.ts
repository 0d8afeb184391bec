/** Numbers the increments of a feature that this process sends to Redis, until their outcome is known. */
export class Increments {
  #last = 0;
  /** In the order of their numbers. */
  readonly #open = new Set<number>();

  /** Unique to this process and feature. */
  constructor(readonly session: string) {}

  begin(): number {
    this.#open.add(++this.#last);
    return this.#last;
  }

  /** Redis has it for sure, or for sure has not and never will. */
  settle(number: number): void {
    this.#open.delete(number);
  }

  /** All below it are settled. */
  get settled(): number {
    const [first] = this.#open;
    return first ?? this.#last + 1;
  }
}
