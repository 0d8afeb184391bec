import type { Clock } from "./clock.js";

/** Waits for somebody's work so many milliseconds at most. Rejects as the work does, or when it takes longer. */
export async function within<T>(clock: Clock, limit: number, work: () => T | PromiseLike<T>): Promise<T> {
  let timer: unknown;
  const late = new Promise<never>((_, reject) => {
    timer = clock.setTimeout(() => reject(new Error(`it did not end within ${limit} ms`)), limit);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clock.clearTimeout(timer);
  }
}
