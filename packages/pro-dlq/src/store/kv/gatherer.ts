interface Waiting<I, O> {
  readonly items: readonly I[];
  readonly resolve: (answers: readonly O[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Joins what is asked for in one turn into one piece of work, and hands each his part of the answers. */
export class Gatherer<I, O> {
  #waiting: Waiting<I, O>[] = [];

  /** `work` answers its items in their order; when it rejects, everybody is told. */
  constructor(private readonly work: (items: readonly I[]) => Promise<readonly O[]>) {}

  add(items: readonly I[]): Promise<readonly O[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ items, resolve, reject });
      // Behind what is due in this turn already: those who wake together ask together.
      if (this.#waiting.length === 1) queueMicrotask(() => void this.#flush());
    });
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    try {
      const answers = await this.work(waiting.flatMap(({ items }) => items));
      let at = 0;
      for (const { items, resolve } of waiting) {
        resolve(answers.slice(at, at + items.length));
        at += items.length;
      }
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}
