import type { Api } from "../api/client.js";
import { ApiError, type Failure } from "../api/failure.js";
import { eventsOf, type ServerSentEvent } from "../api/sse.js";
import type { StreamedEvent, Tick } from "../api/types.js";
import { type Signal, signal } from "./signal.js";

/** How the console hears of what happens. "none": the server has no stream, so it is asked instead. */
export interface LiveState {
  readonly phase: "connecting" | "live" | "down" | "none" | "stopped";
  readonly since: number;
  readonly failure?: Failure;
}

/** Milliseconds of silence after which a stream is given up; it ticks every two seconds. */
const SILENCE = 12_000;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 5000;
/** Where there is no stream, or none for this key. */
const WITHOUT_STREAM = 60_000;

/** Follows the server's events, and begins again whenever the stream ends. */
export class Live {
  readonly state: Signal<LiveState> = signal<LiveState>({ phase: "stopped", since: Date.now() });
  readonly tick: Signal<Tick | undefined> = signal<Tick | undefined>(undefined);
  #run: AbortController | undefined;
  #lastId: string | undefined;

  constructor(
    private readonly api: Api,
    private readonly onEvent: (event: StreamedEvent) => void,
    /** Events may have been missed. */
    private readonly onGap: () => void,
    /** Whether there is any use in trying. */
    private readonly isOpen: () => boolean,
  ) {}

  start(): void {
    this.stop();
    const run = new AbortController();
    this.#run = run;
    void this.#follow(run.signal);
  }

  stop(): void {
    this.#run?.abort();
    this.#run = undefined;
    this.#become("stopped");
  }

  async #follow(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      this.#become(failures === 0 ? "connecting" : "down", this.state.value.failure);
      const began = Date.now();
      const failure = await this.#connect(signal);
      if (signal.aborted) return;
      failures = Date.now() - began > LONGEST_PAUSE ? 1 : failures + 1;
      const none = failure?.kind === "absent" || failure?.kind === "unauthenticated";
      this.#become(none ? "none" : "down", failure);
      const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** failures) * (0.75 + Math.random() / 2);
      await rest(none ? WITHOUT_STREAM : pause, signal);
    }
  }

  /** One stream to its end; answers what ended it. */
  async #connect(outer: AbortSignal): Promise<Failure | undefined> {
    if (!this.isOpen()) return this.state.value.failure;
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE);
    const onBytes = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE);
    };
    try {
      const headers: Record<string, string> = { Accept: "text/event-stream" };
      if (this.#lastId !== undefined) headers["Last-Event-ID"] = this.#lastId;
      const response = await this.api.stream("events", headers, AbortSignal.any([outer, silence.signal]));
      if (response.body === null) return undefined;
      this.#become("live");
      this.onGap();
      for await (const event of eventsOf(response.body, onBytes)) this.#take(event);
      return undefined;
    } catch (error) {
      return error instanceof ApiError
        ? error.failure
        : { kind: "offline", message: "the server does not answer" };
    } finally {
      clearTimeout(timer);
    }
  }

  #take({ event, data, id }: ServerSentEvent): void {
    if (id !== undefined) this.#lastId = id;
    const value = parsed(data);
    if (value === undefined) return;
    if (event === "tick") this.tick.set(value as Tick);
    else if (event === "dropped") this.onGap();
    else if (typeof (value as StreamedEvent).name === "string") this.onEvent(value as StreamedEvent);
  }

  #become(phase: LiveState["phase"], failure?: Failure): void {
    const { phase: before, since } = this.state.value;
    this.state.set({
      phase,
      since: phase === before ? since : Date.now(),
      ...(failure !== undefined && { failure }),
    });
  }
}

function parsed(data: string): object | undefined {
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined; // one event that cannot be read is no reason to lose the others
  }
}

function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
