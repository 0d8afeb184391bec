/** Who may stay when blobs are kept in memory: those that were used last. */
export class BlobBudget {
  /** Bytes by name, the one that was not used for longest first. */
  readonly #sizes = new Map<string, number>();
  #total = 0;

  constructor(private readonly limit: number) {}

  /** Answers who has to leave for it; the newcomer itself where it alone is too much. */
  add(name: string, bytes: number): readonly string[] {
    this.remove(name);
    this.#sizes.set(name, bytes);
    this.#total += bytes;
    const leaving: string[] = [];
    for (const oldest of this.#sizes.keys()) {
      if (this.#total <= this.limit) break;
      leaving.push(oldest);
      this.remove(oldest);
    }
    return leaving;
  }

  used(name: string): void {
    const bytes = this.#sizes.get(name);
    if (bytes === undefined) return;
    this.#sizes.delete(name);
    this.#sizes.set(name, bytes);
  }

  remove(name: string): void {
    this.#total -= this.#sizes.get(name) ?? 0;
    this.#sizes.delete(name);
  }

  clear(): void {
    this.#sizes.clear();
    this.#total = 0;
  }
}
