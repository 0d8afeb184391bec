const CLAIM = Symbol.for("baldur.prometheus.cluster");

/** Takes a place that one in the process may have, whichever copy of the package it comes from. Undefined when it is taken. */
export function claim(place: object): Disposable | undefined {
  const holder = place as { [CLAIM]?: true };
  if (holder[CLAIM] === true) return undefined;
  Object.defineProperty(holder, CLAIM, { value: true, configurable: true });
  return { [Symbol.dispose]: () => void Reflect.deleteProperty(holder, CLAIM) };
}
