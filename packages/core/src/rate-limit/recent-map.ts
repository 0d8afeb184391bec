/**
 * Values by key, of which those that were not asked for the longest are forgotten: at least `most` are kept, at most twice as
 * many. Keys are in two generations, so that to ask again for one of the younger changes nothing.
 */
export class RecentMap<T> {
  #young = new Map<string, T>();
  #old = new Map<string, T>();

  constructor(private readonly most: number) {}

  /** The value of the key, made if it has none. */
  get(key: string, create: () => T): T {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const value = this.#old.get(key) ?? create();
    if (this.#young.size === this.most) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
    return value;
  }
}
