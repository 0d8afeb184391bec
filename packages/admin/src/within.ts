import { type Clock, unref } from "@baldur/core/plugin";
import { Problem } from "./response/problem.js";

/** The work's answer; a problem once it took so many milliseconds. It may go on nevertheless. */
export function within<T>(clock: Clock, timeout: number, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => reject(tooLate()), timeout);
    unref(timer);
    work()
      .finally(() => clock.clearTimeout(timer))
      .then(resolve, reject);
  });
}

function tooLate(): Problem {
  return new Problem({
    status: 504,
    code: "TIMEOUT",
    detail: "it took longer than BALDUR_ADMIN_REQUEST_TIMEOUT_SECONDS, and may go on",
    headers: { connection: "close" },
  });
}
