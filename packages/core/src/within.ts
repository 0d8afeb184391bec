import { type Clock, unref } from "./clock.js";

export interface WithinOptions {
  /** Makes what it rejects with when the work takes longer. Default: an `Error` that says so. */
  readonly late?: () => Error;
  /** Whether the wait lets the process end, where nothing else keeps it. Default false. */
  readonly unref?: boolean;
}

/** Waits for somebody's work so many milliseconds at most. Rejects as the work does, or when it takes longer. */
export async function within<T>(
  clock: Clock,
  limit: number,
  work: () => T | PromiseLike<T>,
  options: WithinOptions = {},
): Promise<T> {
  const tooLate = options.late ?? ((): Error => new Error(`it did not end within ${limit} ms`));
  let timer: unknown;
  const late = new Promise<never>((_, reject) => {
    timer = clock.setTimeout(() => reject(tooLate()), limit);
  });
  if (options.unref === true) unref(timer);
  try {
    return await Promise.race([work(), late]);
  } finally {
    clock.clearTimeout(timer);
  }
}
