import type { Clock } from "../clock.js";
import type { Admission } from "./lifecycle.js";

/** The requests that were admitted and have not ended, the oldest first. */
export class Admissions {
  #oldest: Admitted | undefined;
  #newest: Admitted | undefined;
  #count = 0;

  /** What is older than `maxAge` milliseconds is taken for forgotten: its end was never told. */
  constructor(
    private readonly clock: Pick<Clock, "monotonic">,
    private readonly maxAge: number,
  ) {}

  get count(): number {
    this.#forget(this.clock.monotonic() - this.maxAge);
    return this.#count;
  }

  admit(): Admission {
    const now = this.clock.monotonic();
    if (this.#oldest !== undefined && this.#oldest.at < now - this.maxAge) this.#forget(now - this.maxAge);
    const admitted = new Admitted(this, now, this.#newest);
    if (this.#newest === undefined) this.#oldest = admitted;
    else this.#newest.next = admitted;
    this.#newest = admitted;
    this.#count++;
    return admitted;
  }

  remove(admitted: Admitted): void {
    const { previous, next } = admitted;
    if (previous === undefined) this.#oldest = next;
    else previous.next = next;
    if (next === undefined) this.#newest = previous;
    else next.previous = previous;
    // One that has left must keep nobody alive, least of all those that came after it.
    admitted.previous = undefined;
    admitted.next = undefined;
    this.#count--;
  }

  #forget(before: number): void {
    while (this.#oldest !== undefined && this.#oldest.at < before) this.#oldest.end();
  }
}

/** Linked to its neighbours, so that it leaves from the middle at no cost. */
class Admitted implements Admission {
  next: Admitted | undefined;
  #ended = false;

  constructor(
    private readonly admissions: Admissions,
    readonly at: number,
    public previous: Admitted | undefined,
  ) {}

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.admissions.remove(this);
  }
}
