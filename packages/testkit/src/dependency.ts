import type { Clock } from "@baldur/core";

/** What a dependency does with one call. @public */
export type Behaviour =
  /** Answers, after `latency` milliseconds. */
  | { readonly kind: "answer"; readonly value?: unknown; readonly latency?: number }
  | { readonly kind: "fail"; readonly error?: unknown; readonly latency?: number }
  /** Answers never, and notices an abort. */
  | { readonly kind: "hang" }
  /** Answers 429, with `Retry-After` in seconds or as a date. */
  | { readonly kind: "limit"; readonly retryAfter?: number | string };

/** Behaviours of successive calls; the last one stays. @public */
export type Script = Behaviour | readonly Behaviour[];

/** A stand-in for something that fails. @public */
export interface Dependency {
  /** One call, as a protected function makes it. */
  readonly call: (call?: { readonly signal: AbortSignal }) => Promise<unknown>;
  /** Calls that reached it. */
  readonly calls: number;
  /** Calls that it has not answered. */
  readonly inFlight: number;
  /** Calls whose signal was aborted while it worked on them. */
  readonly aborted: number;
  /** What it does from now on. */
  behave(script: Script): void;
}

/** The error that a client throws for an answer 429. @public */
export class TooManyRequestsError extends Error {
  readonly status = 429;
  readonly headers: Readonly<Record<string, string>>;

  constructor(retryAfter?: number | string) {
    super("429 Too Many Requests");
    this.headers = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
  }
}

/** Makes a dependency that does what the script says; with a fake clock its latency is fake too. @public */
export function createDependency(
  script: Script = { kind: "answer" },
  { clock }: { clock?: Clock } = {},
): Dependency {
  return new ScriptedDependency(script, clock);
}

class ScriptedDependency implements Dependency {
  calls = 0;
  inFlight = 0;
  aborted = 0;
  #script: readonly Behaviour[] = [];
  #step = 0;

  constructor(
    script: Script,
    private readonly clock: Clock | undefined,
  ) {
    this.behave(script);
  }

  readonly call = async (call?: { readonly signal: AbortSignal }): Promise<unknown> => {
    const behaviour = this.#next();
    this.calls++;
    this.inFlight++;
    try {
      return await this.#perform(behaviour, call);
    } finally {
      this.inFlight--;
    }
  };

  behave(script: Script): void {
    this.#script = Array.isArray(script) ? script : [script as Behaviour];
    if (this.#script.length === 0) throw new TypeError("a script needs at least one behaviour");
    this.#step = 0;
  }

  #next(): Behaviour {
    const last = this.#script.length - 1;
    return this.#script[Math.min(this.#step++, last)] as Behaviour;
  }

  async #perform(behaviour: Behaviour, call?: { readonly signal: AbortSignal }): Promise<unknown> {
    if (behaviour.kind === "hang") return this.#hang(call?.signal);
    if (behaviour.kind === "limit") throw new TooManyRequestsError(behaviour.retryAfter);
    await this.#sleep(behaviour.latency ?? 0);
    if (behaviour.kind === "answer") return behaviour.value;
    throw behaviour.error ?? new Error("the dependency failed");
  }

  #hang(signal: AbortSignal | undefined): Promise<never> {
    return new Promise((_, reject) => {
      const abort = (): void => {
        this.aborted++;
        reject(signal?.reason);
      };
      if (signal?.aborted) abort();
      else signal?.addEventListener("abort", abort, { once: true });
    });
  }

  async #sleep(latency: number): Promise<void> {
    if (latency <= 0) return;
    const timers = this.clock ?? globalThis;
    await new Promise<void>((resolve) => void timers.setTimeout(() => resolve(), latency));
  }
}
