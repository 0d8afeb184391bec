import { type Clock, unref } from "../clock.js";
import { AdapterError } from "../errors.js";

interface Waiting {
  readonly since: number;
  readonly reject: (error: Error) => void;
}

/** What waits for Redis. All wait equally long, so one timer watches the first of them. */
export class Patience {
  readonly #waiting = new Set<Waiting>();
  #timer: unknown;

  constructor(
    private readonly clock: Clock,
    /** Milliseconds. */
    private readonly limit: number,
    /** Told when one has waited so long; to call `giveUp`. */
    private readonly onOverdue: (reason: string) => void,
  ) {}

  /** Settles as the work does, or rejects when it is given up: then the work may still be carried out. */
  track<T>(work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const waiting = { since: this.clock.monotonic(), reject };
      this.#waiting.add(waiting);
      this.#timer ??= this.#watch(this.limit);
      const settled = <A>(settle: (answer: A) => void, answer: A): void => {
        this.#waiting.delete(waiting);
        settle(answer);
      };
      work().then(
        (value) => settled(resolve, value),
        (error: unknown) => settled(reject, error),
      );
    });
  }

  giveUp(reason: string): void {
    for (const { reject } of this.#waiting) reject(new AdapterError(reason));
    this.#waiting.clear();
  }

  close(): void {
    this.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #watch(delay: number): unknown {
    const timer = this.clock.setTimeout(() => {
      this.#timer = undefined;
      const [first] = this.#waiting;
      if (first === undefined) return;
      const left = first.since + this.limit - this.clock.monotonic();
      if (left > 0) this.#timer = this.#watch(left);
      else this.onOverdue(`Redis did not answer within ${this.limit} ms`);
    }, delay);
    unref(timer);
    return timer;
  }
}
