const MOST = 10_000;

/** Remembers what was told, so that a pass every minute does not tell it every minute. Begins anew when it is full. */
export class Told {
  readonly #told = new Set<string>();

  isNew(fact: string): boolean {
    if (this.#told.has(fact)) return false;
    if (this.#told.size >= MOST) this.#told.clear();
    this.#told.add(fact);
    return true;
  }
}
