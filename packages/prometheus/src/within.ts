import { type Clock, unref } from "@baldur/core/plugin";

/** Waits so many milliseconds at most, without keeping the process alive. Rejects as the work does, or when it is late. */
export async function within<T>(clock: Clock, limit: number, work: Promise<T>): Promise<T> {
  let timer: unknown;
  const late = new Promise<never>((_, reject) => {
    timer = clock.setTimeout(() => reject(new Error(`it did not answer within ${limit} ms`)), limit);
    unref(timer);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clock.clearTimeout(timer);
  }
}
