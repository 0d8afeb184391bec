import type { Api } from "../api/client.js";
import { ApiError, type Failure } from "../api/failure.js";
import { type Signal, signal } from "./signal.js";

/** What is known of one part of the server. */
export interface Reading<T> {
  /** The latest answer; it stays when a later question has none. */
  readonly data?: T;
  /** When that answer came, in milliseconds of the browser's clock. */
  readonly at?: number;
  /** Why the latest question has no answer. */
  readonly failure?: Failure;
  /** Whether any question has ended. */
  readonly asked: boolean;
}

export interface SourceOptions<T> {
  readonly path: string;
  /** Milliseconds between two questions, where no event asks for one earlier. */
  readonly every: number;
  /** Takes an answer apart. Throws for what is none. */
  readonly read: (answer: unknown) => T;
  /** Whether an event of this name may have changed the answer. */
  readonly follows?: (event: string) => boolean;
}

/** Questions that events ask for are at least so many milliseconds apart. */
const GAP = 700;
/** A server that takes long is asked less often: at most this share of its time. */
const SHARE = 20;
/** With events arriving, the regular questions only make sure. */
const RELAXED = 3;
/** A part that is not there, or that is closed to this key, is looked for once in a while. */
const SELDOM = 60_000;
/** A server that is away is looked for soon. */
const AWAY = 2000;
/** Answers older than so many of their intervals are out of date. */
const STALE = 4;
const STALE_AT_LEAST = 20_000;

/** One part of the server that is asked again and again, as long as anyone looks at it. One question at a time. */
export class Source<T> {
  readonly reading: Signal<Reading<T>> = signal<Reading<T>>({ asked: false });
  #users = 0;
  #question: AbortController | undefined;
  #endedAt = Number.NEGATIVE_INFINITY;
  #took = 0;
  #wanted = false;

  constructor(
    private readonly api: Api,
    readonly options: SourceOptions<T>,
  ) {}

  get isHeld(): boolean {
    return this.#users > 0;
  }

  /** Asks as long as it is held. Answers how to let go. */
  hold(): () => void {
    this.#users++;
    this.#wanted = true;
    return () => {
      this.#users--;
      if (this.#users === 0) this.#question?.abort();
    };
  }

  /** The answer may have changed. */
  want(): void {
    this.#wanted = true;
  }

  /** An event of this name happened. */
  hear(event: string): void {
    if (this.options.follows?.(event)) this.want();
  }

  /** Asks if it is time to. Soon: somebody doubts the latest answer. */
  pump(now: number, isLive: boolean, soon = false): void {
    if (!this.isHeld || this.#question !== undefined) return;
    const pause = soon ? Math.min(AWAY, this.#pause(isLive)) : this.#pause(isLive);
    if (now - this.#endedAt >= pause) void this.refresh();
  }

  #pause(isLive: boolean): number {
    const { every, follows } = this.options;
    const { failure } = this.reading.value;
    if (failure?.kind === "absent" || failure?.kind === "unauthenticated") return SELDOM;
    if (failure?.kind === "offline") return AWAY;
    if (this.#wanted) return Math.max(GAP, (this.#took * SHARE) / 2);
    return Math.max(isLive && follows !== undefined ? every * RELAXED : every, this.#took * SHARE);
  }

  /** Asks now. */
  async refresh(): Promise<void> {
    this.#question?.abort();
    const question = new AbortController();
    this.#question = question;
    this.#wanted = false;
    const began = performance.now();
    const next = await this.#ask(question.signal);
    if (this.#question !== question) return; // a later one was begun
    this.#question = undefined;
    this.#endedAt = performance.now();
    this.#took = this.#endedAt - began;
    if (!question.signal.aborted) this.reading.set(next);
  }

  /** What was learned belongs to someone else's key. */
  forget(): void {
    this.#question?.abort();
    this.#question = undefined;
    this.#endedAt = Number.NEGATIVE_INFINITY;
    this.#wanted = true;
    this.reading.set({ asked: false });
  }

  isStale(now: number): boolean {
    const { at } = this.reading.value;
    return at === undefined || now - at > Math.max(STALE_AT_LEAST, this.options.every * STALE);
  }

  async #ask(signal: AbortSignal): Promise<Reading<T>> {
    try {
      const answer = await this.api.get<unknown>(this.options.path, signal);
      return { data: this.options.read(answer), at: Date.now(), asked: true };
    } catch (error) {
      const failure: Failure =
        error instanceof ApiError
          ? error.failure
          : { kind: "broken", message: "the answer cannot be understood" };
      return { ...this.reading.value, failure, asked: true };
    }
  }
}

/** Whether the server has no such route: the part is not there, which is no failure. */
export function isAbsent({ failure }: Reading<unknown>): boolean {
  return failure?.kind === "absent";
}
