import { setTimeout as sleep } from "node:timers/promises";

const WITHIN = 20_000;
const PAUSE = 10;

/**
 * Asks again and again until the answer is neither `undefined` nor false, and returns it. A question that throws has no
 * answer yet. After `within` milliseconds it throws, with the last error that it met.
 */
export async function until(ask, what, within = WITHIN) {
  const deadline = performance.now() + within;
  for (;;) {
    let reason;
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      reason = error;
    }
    if (performance.now() > deadline) {
      const last = reason === undefined ? "" : `: ${reason.message}`;
      throw new Error(`waited ${within} ms in vain for ${what}${last}`, { cause: reason });
    }
    await sleep(PAUSE);
  }
}
