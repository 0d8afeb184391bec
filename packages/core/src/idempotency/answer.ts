import type { Answer } from "./store.js";

export function isPending<T>(answer: Answer<T>): answer is PromiseLike<T> {
  return typeof answer === "object" && answer !== null && "then" in answer;
}

/** Goes on with an answer: now if it is there, else later. What `answered` throws is not given to `failed`. */
export function whenAnswered<T, R>(
  ask: () => Answer<T>,
  answered: (answer: T) => R,
  failed: (error: unknown) => R,
): Answer<R> {
  let answer: Answer<T>;
  try {
    answer = ask();
  } catch (error) {
    return failed(error);
  }
  return isPending(answer) ? answer.then(answered, failed) : answered(answer);
}
