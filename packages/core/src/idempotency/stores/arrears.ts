import { type Clock, unref } from "../../clock.js";

const RETRY = 1000;
/** Beyond it the oldest are given up: their keys are free again when their execution windows end. */
const MOST = 10_000;

/** Refusals by a server that answers, about one a second, until what it refuses is given up. */
const MOST_TRIES = 100;

type Work = () => Promise<unknown>;

interface Owed {
  readonly work: Work;
  tries: number;
}

/**
 * What a server is owed: how claims ended while it could not be told, by their owners. Done as soon as it answers again, so
 * that an interruption of seconds neither blocks a key for its whole execution window nor forgets that its work was done.
 * To do it twice changes nothing.
 */
export class Arrears {
  readonly #owed = new Map<string, Owed>();
  #timer: unknown;
  #working: Promise<void> | undefined;
  #closed = false;

  constructor(
    private readonly server: { readonly available: boolean },
    private readonly clock: Clock,
  ) {}

  /** Does it, or rejects and does it later. */
  attempt<T>(owner: string, work: () => Promise<T>): Promise<T> {
    return work().catch((error: unknown) => {
      this.add(owner, work);
      throw error;
    });
  }

  add(owner: string, work: Work): void {
    this.#owed.delete(owner);
    this.#owed.set(owner, { work, tries: 0 });
    if (this.#owed.size > MOST) this.#owed.delete(this.#owed.keys().next().value as string);
    this.#schedule();
  }

  /** Not owed any more: its owner asks again. */
  drop(owner: string): void {
    if (this.#owed.size > 0) this.#owed.delete(owner);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.clock.clearTimeout(this.#timer);
    await this.#working;
    await this.#work();
  }

  #schedule(): void {
    if (this.#closed || this.#timer !== undefined) return;
    this.#timer = this.clock.setTimeout(() => {
      this.#working = this.#work().finally(() => {
        this.#timer = undefined;
        if (this.#owed.size > 0) this.#schedule();
      });
    }, RETRY);
    unref(this.#timer);
  }

  /** One after the other until one fails: a server that has just come back is not to be overrun. */
  async #work(): Promise<void> {
    for (const [owner, owed] of this.#owed) {
      if (!this.server.available) return;
      const done = await succeeds(owed.work);
      if (this.#owed.get(owner) !== owed) continue;
      this.#owed.delete(owner);
      if (done) continue;
      // Behind the others: it may be this one alone that fails.
      if (++owed.tries < MOST_TRIES) this.#owed.set(owner, owed);
      return;
    }
  }
}

async function succeeds(work: Work): Promise<boolean> {
  try {
    await work();
    return true;
  } catch {
    return false; // whoever it was owed for has been told when it failed at first
  }
}
