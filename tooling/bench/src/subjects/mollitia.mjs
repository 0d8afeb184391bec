import { Circuit, Fallback, Retry, SlidingCountBreaker, Timeout } from "mollitia";

const countBreaker = () => new SlidingCountBreaker({ slidingWindowSize: 100, minimumNumberOfCalls: 10 });

function circuit(fn, modules) {
  const bound = new Circuit({ options: { modules } }).fn(fn);
  return () => bound.execute();
}

export const breaker = (fn) => circuit(fn, [countBreaker()]);

export const four = (fn) =>
  circuit(fn, [
    new Fallback({ callback: () => 0 }),
    new Retry({ attempts: 3 }),
    countBreaker(),
    new Timeout({ delay: 10_000 }),
  ]);
