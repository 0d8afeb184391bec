import { setTimeout as sleep } from "node:timers/promises";

const WITHIN = 15_000;
const PAUSE = 50;

/** Asks until the answer is true; what is asked may throw meanwhile. Throws with the last error, or what was waited for. */
export async function eventually(
  what: string,
  ask: () => boolean | Promise<boolean>,
  within: number = WITHIN,
): Promise<void> {
  const deadline = performance.now() + within;
  let last: unknown;
  for (;;) {
    try {
      if (await ask()) return;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`, { cause: last });
    await sleep(PAUSE);
  }
}
