import { type Clock, unref } from "../../clock.js";
import { AdapterError } from "../../errors.js";

interface Waiting<T> {
  /** Given an answer that comes too late. */
  readonly late?: (value: T) => void;
  /** A call of the host's waits for it, so the process does. */
  readonly isAwaited?: boolean;
}

/** Milliseconds by which a timer fires later than it should only where the process was held up. */
const HELD_UP = 100;
/** What a process that was held up needs to read the answers that came meanwhile. */
const GRACE = 100;

/** Waits so many milliseconds at most, and rejects with `AdapterError` then. */
export function bounded<T>(
  clock: Clock,
  limit: number,
  work: PromiseLike<T>,
  { late = ignore, isAwaited = false }: Waiting<T> = {},
): Promise<T> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    let timer: unknown;
    const wait = (delay: number, then: () => void): void => {
      timer = clock.setTimeout(then, delay);
      if (!isAwaited) unref(timer);
    };
    const giveUp = (): void => {
      isOver = true;
      reject(new AdapterError(`the shared store did not answer within ${limit} ms`));
    };
    const due = clock.monotonic() + limit;
    wait(limit, () => (clock.monotonic() - due > HELD_UP ? wait(GRACE, giveUp) : giveUp()));
    const end = (settle: () => void): void => {
      clock.clearTimeout(timer);
      settle();
    };
    work.then(
      (value) => end(() => (isOver ? late(value) : resolve(value))),
      (error: unknown) => end(() => reject(error)),
    );
  });
}

function ignore(): void {
  // An answer that nobody waits for any more, and that gives nothing to give back.
}
