import { useLayoutEffect, useReducer } from "preact/hooks";

/** A value that changes, and tells who listens. */
export interface Signal<T> {
  readonly value: T;
  set(value: T): void;
  /** Answers how to stop listening. */
  subscribe(listener: () => void): () => void;
}

export function signal<T>(initial: T): Signal<T> {
  const listeners = new Set<() => void>();
  let current = initial;
  return {
    get value() {
      return current;
    },
    set(value) {
      if (Object.is(value, current)) return;
      current = value;
      for (const listener of [...listeners]) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The value of a signal; the component is drawn again when it changes. */
export function useSignal<T>(source: Signal<T>): T {
  const [, redraw] = useReducer((count: number, _: undefined) => count + 1, 0);
  const drawn = source.value;
  useLayoutEffect(() => {
    const stop = source.subscribe(() => redraw(undefined));
    if (!Object.is(drawn, source.value)) redraw(undefined); // it changed before anyone listened
    return stop;
  }, [source]);
  return drawn;
}
