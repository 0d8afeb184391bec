import type { Clock } from "../clock.js";
import { text } from "../describe.js";
import { within } from "../within.js";

/** Something that a runtime has, and gives back at its end. */
export interface Holding {
  readonly name: string;
  /** Told how many milliseconds it has. */
  readonly close: (limit: number) => unknown;
}

export interface ReleaseParts {
  readonly clock: Clock;
  /** Told of one that did not end in time, or failed to, and why. */
  readonly onFailed: (name: string, error: string) => void;
}

/**
 * Closes one after the other, within so many milliseconds in all. None has more than half of what is left: one that hangs
 * on a server that does not answer leaves the others their time. Answers the names of those that did not end, or failed to.
 * Never rejects.
 */
export async function release(
  { clock, onFailed }: ReleaseParts,
  limit: number,
  holdings: readonly Holding[],
): Promise<string[]> {
  const end = clock.monotonic() + limit;
  const left: string[] = [];
  for (const { name, close } of holdings) {
    const share = Math.max(0, (end - clock.monotonic()) / 2);
    try {
      await within(clock, share, () => close(share));
    } catch (error) {
      left.push(name);
      onFailed(name, text(error));
    }
  }
  return left;
}
