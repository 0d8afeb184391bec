import { fairShare } from "./flights.js";

interface Waiting<I, O> {
  readonly items: readonly I[];
  readonly resolve: (answers: readonly O[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Joins what is asked for in one turn into one piece of work, and hands each his part of the answers. With `flights`, no more
 * pieces than that are under way at a time: what is asked for meanwhile goes out together when one of them has landed, and
 * what many ask for at once in as many pieces.
 */
export class Gatherer<I, O> {
  #waiting: Waiting<I, O>[] = [];
  #flying = 0;
  #isDue = false;

  /** `work` answers its items in their order; when it rejects, everybody is told. */
  constructor(
    private readonly work: (items: readonly I[]) => Promise<readonly O[]>,
    private readonly flights: number = Number.POSITIVE_INFINITY,
  ) {}

  add(items: readonly I[]): Promise<readonly O[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ items, resolve, reject });
      this.#schedule();
    });
  }

  /** Behind what is due in this turn already: those who wake together ask together. */
  #schedule(): void {
    if (this.#isDue || this.#waiting.length === 0 || this.#flying >= this.flights) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      void this.#fly();
    });
  }

  async #fly(): Promise<void> {
    const waiting = this.#waiting.splice(0, this.#share());
    this.#flying++;
    this.#schedule();
    await this.#answer(waiting);
    this.#flying--;
    this.#schedule();
  }

  #share(): number {
    const { length } = this.#waiting;
    return Number.isFinite(this.flights) ? fairShare(length, this.flights - this.#flying) : length;
  }

  async #answer(waiting: readonly Waiting<I, O>[]): Promise<void> {
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
