/** Told when the caller's signal aborts. */
export interface AbortOwner {
  onCallerAbort(reason: unknown): void;
}

/**
 * One listener per signal of the caller, however many calls are in flight with it: an EventTarget walks its listeners
 * on every add and remove, which makes a shared signal O(calls in flight) when each call adds its own.
 */
export class CallerSignals {
  readonly #owners = new WeakMap<AbortSignal, Set<AbortOwner>>();

  link(signal: AbortSignal, owner: AbortOwner): void {
    const owners = this.#owners.get(signal);
    if (owners === undefined) this.#listen(signal, new Set([owner]));
    else owners.add(owner);
  }

  unlink(signal: AbortSignal, owner: AbortOwner): void {
    this.#owners.get(signal)?.delete(owner);
  }

  /** The listener stays for the life of the signal, and holds nothing but the calls in flight. */
  #listen(signal: AbortSignal, owners: Set<AbortOwner>): void {
    this.#owners.set(signal, owners);
    signal.addEventListener(
      "abort",
      () => {
        for (const owner of owners) owner.onCallerAbort(signal.reason);
        owners.clear();
      },
      { once: true },
    );
  }
}
