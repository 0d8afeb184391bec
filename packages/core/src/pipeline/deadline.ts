import { type HotClock, ref, unref } from "../clock.js";

/** A node of one of the lists below. */
export class Deadline {
  next: Deadline | null = null;
  previous: Deadline | null = null;
  constructor(
    readonly owner: unknown,
    readonly expire: (owner: never) => void,
    public due: number,
    readonly list: DeadlineList,
    /** Counted from an exact reading, or postponed already: a lag told later does not concern it. */
    public exact: boolean,
  ) {}
}

/** Deadlines of one duration, hence already in the order in which they fall due. */
class DeadlineList {
  head: Deadline | null = null;
  tail: Deadline | null = null;
  constructor(readonly duration: number) {}

  append(deadline: Deadline): void {
    deadline.previous = this.tail;
    if (this.tail === null) this.head = deadline;
    else this.tail.next = deadline;
    this.tail = deadline;
  }

  remove(deadline: Deadline): void {
    if (deadline.previous === null) this.head = deadline.next;
    else deadline.previous.next = deadline.next;
    if (deadline.next === null) this.tail = deadline.previous;
    else deadline.next.previous = deadline.previous;
    deadline.next = null;
    deadline.previous = null;
  }
}

/** From so many distinct durations on they share lists, at the price of firing up to this many milliseconds late. */
const MANY_DURATIONS = 64;
const SHARED_STEP = 8;

/**
 * All deadlines of a runtime behind one timer: a list per duration, each in order, so that adding and removing are O(1)
 * (the arrangement of Node's own timers). The timer is armed for the earliest deadline and left alone when that one is
 * removed, so calls that end in time never touch it. It keeps the process alive only while a deadline is pending.
 * Never early; late by the delay of the event loop.
 */
export class Deadlines {
  readonly #lists = new Map<number, DeadlineList>();
  #latest: DeadlineList = new DeadlineList(0);
  #pending = 0;
  #timer: unknown;
  #timerDue = Number.POSITIVE_INFINITY;
  #holdsProcess = false;
  #releasing = false;

  constructor(private readonly clock: HotClock) {
    clock.onLag((reading, lag) => this.#postpone(reading, lag));
  }

  /**
   * Calls `expire(owner)` once, `duration` milliseconds from now, unless removed before. `exact`: the coarse reading is
   * known to be of this moment. `expire` runs in the async context of whoever armed the timer, and must not throw.
   */
  add<O>(duration: number, owner: O, expire: (owner: O) => void, exact = false): Deadline {
    const list = duration === this.#latest.duration ? this.#latest : this.#listFor(duration);
    const deadline = new Deadline(
      owner,
      expire,
      this.clock.coarse() + list.duration + this.clock.coarseLag,
      list,
      exact,
    );
    list.append(deadline);
    this.#pending++;
    if (deadline.due < this.#timerDue) this.#arm(deadline.due);
    if (!this.#holdsProcess) this.#holdProcess();
    return deadline;
  }

  remove(deadline: Deadline): void {
    deadline.list.remove(deadline);
    if (--this.#pending === 0 && !this.#releasing) {
      this.#releasing = true;
      this.clock.onTurnEnd(this.#releaseProcess);
    }
  }

  /** Lets go of the timer. Deadlines that are pending keep it: their calls must still end. */
  close(): void {
    if (this.#pending > 0) return;
    this.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerDue = Number.POSITIVE_INFINITY;
  }

  /** Deadlines that were counted from a reading that lagged would be early: the latest ones of each list. */
  #postpone(reading: number, lag: number): void {
    for (const list of this.#lists.values()) {
      const due = reading + this.clock.coarseLag + list.duration;
      for (let deadline = list.tail; deadline !== null && deadline.due >= due; deadline = deadline.previous) {
        if (!deadline.exact) deadline.due += lag;
        deadline.exact = true;
      }
    }
  }

  #listFor(duration: number): DeadlineList {
    const key =
      this.#lists.size < MANY_DURATIONS ? duration : Math.ceil(duration / SHARED_STEP) * SHARED_STEP;
    let list = this.#lists.get(key);
    if (list === undefined) {
      list = new DeadlineList(key);
      this.#lists.set(key, list);
    }
    this.#latest = list;
    return list;
  }

  #arm(due: number): void {
    this.clock.clearTimeout(this.#timer);
    this.#timerDue = due;
    this.#timer = this.clock.setTimeout(this.#fire, Math.max(1, Math.ceil(due - this.clock.monotonic())));
    if (!this.#holdsProcess) unref(this.#timer);
  }

  #holdProcess(): void {
    this.#holdsProcess = true;
    ref(this.#timer);
  }

  /** At the end of the turn, because toggling on every call would cost more than the call. */
  readonly #releaseProcess = (): void => {
    this.#releasing = false;
    if (this.#pending > 0) return;
    this.#holdsProcess = false;
    unref(this.#timer);
  };

  readonly #fire = (): void => {
    this.#timer = undefined;
    this.#timerDue = Number.POSITIVE_INFINITY;
    this.clock.settle();
    const now = this.clock.monotonic();
    let earliest = Number.POSITIVE_INFINITY;
    for (const list of this.#lists.values()) {
      this.#expire(list, now);
      if (list.head !== null) earliest = Math.min(earliest, list.head.due);
      else if (list !== this.#latest) this.#lists.delete(list.duration);
    }
    if (earliest < this.#timerDue) this.#arm(earliest);
  };

  #expire(list: DeadlineList, now: number): void {
    for (let deadline = list.head; deadline !== null && deadline.due <= now; deadline = list.head) {
      this.remove(deadline);
      deadline.expire(deadline.owner as never);
    }
  }
}
