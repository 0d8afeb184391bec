import type { KeyRange, KeyValue } from "../kv.js";

/** Keys of a block before it is split. A block is moved in memory by every insertion into its middle. */
const LARGEST_BLOCK = 512;

/** A map whose keys are kept in order, in blocks: insertion and removal move one block, and never all keys. */
export class SortedMap {
  readonly #values = new Map<string, string>();
  /** Never empty blocks, but for the only one. */
  readonly #blocks: string[][] = [[]];

  get(key: string): string | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: string): void {
    if (!this.#values.has(key)) this.#insert(key);
    this.#values.set(key, value);
  }

  delete(key: string): void {
    if (!this.#values.delete(key)) return;
    const at = this.#blockOf(key);
    const block = this.#blocks[at] as string[];
    block.splice(lowerBound(block, key), 1);
    if (block.length === 0 && this.#blocks.length > 1) this.#blocks.splice(at, 1);
  }

  keys({ from, to, reverse = false, limit = Number.POSITIVE_INFINITY }: KeyRange): string[] {
    return reverse ? this.#descending(from, to, limit) : this.#ascending(from, to, limit);
  }

  range(range: KeyRange): KeyValue[] {
    return this.keys(range).map((key) => [key, this.#values.get(key) as string]);
  }

  #ascending(from: string, to: string, limit: number): string[] {
    const found: string[] = [];
    for (let at = this.#blockOf(from); at < this.#blocks.length; at++) {
      const block = this.#blocks[at] as string[];
      for (let index = lowerBound(block, from); index < block.length; index++) {
        const key = block[index] as string;
        if (key >= to || found.length >= limit) return found;
        found.push(key);
      }
    }
    return found;
  }

  #descending(from: string, to: string, limit: number): string[] {
    const found: string[] = [];
    for (let at = this.#blockOf(to); at >= 0; at--) {
      const block = this.#blocks[at] as string[];
      for (let index = lowerBound(block, to) - 1; index >= 0; index--) {
        const key = block[index] as string;
        if (key < from || found.length >= limit) return found;
        found.push(key);
      }
    }
    return found;
  }

  #insert(key: string): void {
    const at = this.#blockOf(key);
    const block = this.#blocks[at] as string[];
    block.splice(lowerBound(block, key), 0, key);
    // Halves would leave blocks half empty behind keys that only grow, which is how most are made.
    if (block.length > LARGEST_BLOCK) {
      const cut = at === this.#blocks.length - 1 ? LARGEST_BLOCK : LARGEST_BLOCK / 2;
      this.#blocks.splice(at + 1, 0, block.splice(cut));
    }
  }

  /** The block that holds the key, or would: the last one that begins at it or below. */
  #blockOf(key: string): number {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (((this.#blocks[middle] as string[])[0] as string) <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** The first index whose key is not below. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
