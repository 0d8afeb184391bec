import type { Clock } from "../../clock.js";

interface Sample {
  /** What the server's clock is ahead of the monotonic one. */
  readonly offset: number;
  /** By how much that may be wrong. */
  readonly error: number;
  readonly at: number;
}

/** Quartz is off by less than that part of the time that passes. */
const DRIFT = 1e-4;
/** Milliseconds in which that comes to one. */
const FRESH = 1 / DRIFT;

/**
 * The time of a server, known from its answers: the truest of them is gone by until it is older than it was true. Until the
 * first answer it is the wall time of this host.
 */
export class ServerTime {
  #sample: Sample | undefined;
  #heardAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly clock: Clock) {}

  /** Whether the server told it lately: to ask again would tell it hardly better. */
  get isFresh(): boolean {
    return this.clock.monotonic() - this.#heardAt < FRESH;
  }

  /** In whole milliseconds. */
  now(): number {
    const time = this.#sample === undefined ? this.clock.now() : this.clock.monotonic() + this.#sample.offset;
    return Math.floor(time);
  }

  /** What it may be there at most, in whole milliseconds. */
  latest(): number {
    if (this.#sample === undefined) return this.now();
    const now = this.clock.monotonic();
    return Math.ceil(now + this.#sample.offset + errorAt(this.#sample, now));
  }

  /** The server said `time` in answer to what was asked at that monotonic time. */
  heard(time: number, askedAt: number): void {
    const at = this.clock.monotonic();
    this.#heardAt = at;
    const error = (at - askedAt) / 2;
    const known = this.#sample;
    if (known !== undefined && isConsistent(known, time, askedAt, at) && error >= errorAt(known, at)) return;
    this.#sample = { offset: time - (askedAt + at) / 2, error, at };
  }
}

function errorAt({ error, at }: Sample, now: number): number {
  return error + (now - at) * DRIFT;
}

/** A clock that was set, or another server's, tells a time that cannot have been. */
function isConsistent(known: Sample, time: number, askedAt: number, at: number): boolean {
  const slack = errorAt(known, at) + 1;
  return time >= askedAt + known.offset - slack && time <= at + known.offset + slack;
}
