import { type Clock, type TelemetryEvent, unref } from "@baldur/core/plugin";
import { eventFrame, frame } from "./frame.js";

/** Events that wait for a reader; what is more is counted, the oldest first. */
const MOST_WAITING = 256;
/** Messages go out together, so that a storm of events is not one of writes. */
const PACE = 100;
const LARGEST_CHUNK = 64 * 1024;

export interface ReaderOptions {
  readonly clock: Clock;
  readonly wants: (event: TelemetryEvent) => boolean;
  /** The reader is there, and when it has gone. */
  readonly onOpen: (reader: StreamReader) => void;
  readonly onClose: (reader: StreamReader) => void;
}

interface Waiting {
  readonly id: string;
  readonly event: TelemetryEvent;
}

/**
 * One who reads the stream of events, at their own pace: nothing is written before it is asked for, and what waits meanwhile
 * is bounded.
 */
export class StreamReader {
  readonly stream: ReadableStream<Uint8Array>;
  #waiting: Waiting[] = [];
  #texts: string[] = [];
  #dropped = 0;
  #tick: string | undefined;
  #closed = false;
  #opened = false;
  #wake: (() => void) | undefined;
  #hurry: (() => void) | undefined;
  readonly #encoder = new TextEncoder();

  constructor(private readonly options: ReaderOptions) {
    // Nothing begins before somebody reads: the answer to HEAD is never read.
    this.stream = new ReadableStream<Uint8Array>(
      { pull: (controller) => this.#pull(controller), cancel: () => this.close() },
      { highWaterMark: 0 },
    );
  }

  offer(id: string, event: TelemetryEvent): void {
    if (!this.options.wants(event)) return;
    this.#waiting.push({ id, event });
    if (this.#waiting.length > MOST_WAITING) {
      this.#waiting.shift();
      this.#dropped++;
    }
    this.#wake?.();
  }

  /** The latest takes the place of one that was not read. */
  tick(text: string): void {
    this.#tick = text;
    this.#wake?.();
  }

  /** Ahead of everything else. */
  say(...texts: readonly string[]): void {
    this.#texts.push(...texts);
    this.#wake?.();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting = [];
    this.#texts = [];
    this.options.onClose(this);
    this.#wake?.();
    this.#hurry?.();
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    if (!this.#opened) {
      this.#opened = true;
      this.options.onOpen(this);
    }
    while (!this.#closed && this.#isIdle) await this.#something();
    if (this.#closed) return close(controller);
    controller.enqueue(this.#encoder.encode(this.#take()));
  }

  get #isIdle(): boolean {
    return this.#waiting.length + this.#texts.length + this.#dropped === 0 && this.#tick === undefined;
  }

  /** Resolves a little after there is something, for more may follow; at once when the stream ends. */
  async #something(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
    if (this.#closed) return;
    const { clock } = this.options;
    let timer: unknown;
    await new Promise<void>((resolve) => {
      this.#hurry = resolve;
      timer = clock.setTimeout(resolve, PACE);
      unref(timer);
    });
    clock.clearTimeout(timer);
  }

  #take(): string {
    const parts = this.#texts.splice(0);
    if (this.#dropped > 0) parts.push(frame("dropped", { count: this.#dropped }));
    this.#dropped = 0;
    let size = parts.reduce((sum, { length }) => sum + length, 0);
    while (size < LARGEST_CHUNK) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      const text = eventFrame(next.event, next.id);
      size += text.length;
      parts.push(text);
    }
    if (this.#tick !== undefined) parts.push(this.#tick);
    this.#tick = undefined;
    return parts.join("");
  }
}

/** It may have been cancelled while something was waited for. */
function close(controller: ReadableStreamDefaultController<Uint8Array>): void {
  try {
    controller.close();
  } catch {
    return; // closed already
  }
}
