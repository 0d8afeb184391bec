const waiting = new Set();
const leave = () => {
  for (const work of waiting) work();
};

/** Has something done when this process exits, unless the function that is returned was called before. */
export function atExit(work) {
  if (waiting.size === 0) process.once("exit", leave); // one listener, however many servers there are
  waiting.add(work);
  return () => {
    waiting.delete(work);
    if (waiting.size === 0) process.off("exit", leave);
  };
}
