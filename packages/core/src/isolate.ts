/**
 * Watches an answer of the host's that may be a promise where none is expected: its rejection is reported instead of
 * ending the process. Answers the answer.
 */
export function watched<T>(answer: T, failed: (error: unknown) => void): T {
  if (isThenable(answer)) Promise.resolve(answer).then(undefined, failed);
  return answer;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}
