import type { Clock } from "@baldur/core/plugin";

interface Wait {
  /** Monotonic milliseconds. */
  readonly began: number;
  readonly giveUp: () => void;
}

/** Waits for what the application does, but not for good: what never ends would hold up its name. */
export class Patience {
  readonly #waits = new Set<Wait>();

  constructor(private readonly clock: Pick<Clock, "monotonic">) {}

  /** What the work comes to, or something else when it was given up; what it does after that counts for nothing. */
  wait<T>(work: Promise<T>, otherwise: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const wait = { began: this.clock.monotonic(), giveUp: () => resolve(otherwise()) };
      this.#waits.add(wait);
      const end = <V>(settle: (value: V) => void): ((value: V) => void) => {
        return (value) => {
          this.#waits.delete(wait);
          settle(value);
        };
      };
      work.then(end(resolve), end(reject));
    });
  }

  /** Gives up what has taken longer than so many milliseconds. */
  giveUp(longest: number): void {
    const latest = this.clock.monotonic() - longest;
    for (const wait of this.#waits) {
      if (wait.began >= latest) return; // the others began later
      this.#waits.delete(wait);
      wait.giveUp();
    }
  }
}
