import { createContext, type JSX } from "preact";
import { useContext, useEffect, useMemo } from "preact/hooks";
import { Api } from "../api/client.js";
import type { StreamedEvent } from "../api/types.js";
import { Live } from "./live.js";
import { type Signal, signal, useSignal } from "./signal.js";
import { type Reading, Source, type SourceOptions } from "./source.js";
import { createSources, type Sources } from "./sources.js";
import { startSeconds } from "./time.js";

/** Something that was done, or was not, for people. */
export interface Notice {
  readonly id: number;
  readonly isGood: boolean;
  readonly text: string;
}

/** Something modal; the last one is on top. Kept at the root: what holds its owner may be moved on the page. */
export interface OpenDialog {
  readonly id: number;
  readonly draw: (close: () => void) => JSX.Element;
}

/** Failures of everything, whatever was asked. */
const SHUT: readonly string[] = ["offline", "unauthenticated"];
const PUMP = 300;
const NOTICE_SHOWN = 12_000;

/** All that the page knows, and how it asks for more. */
export class Console {
  readonly api: Api;
  readonly live: Live;
  readonly sources: Sources;
  /** Nothing is asked unless the operator does. */
  readonly isPaused: Signal<boolean> = signal(false);
  readonly notices: Signal<readonly Notice[]> = signal<readonly Notice[]>([]);
  readonly dialogs: Signal<readonly OpenDialog[]> = signal<readonly OpenDialog[]>([]);
  readonly #held = new Set<Source<unknown>>();
  readonly #listeners = new Set<(event: StreamedEvent) => void>();
  #wasOpen = false;
  #lastId = 0;

  constructor(page: Location) {
    this.api = new Api(page);
    this.sources = createSources(this.api);
    this.live = new Live(
      this.api,
      (event) => this.#hear(event),
      () => this.#stir(),
      () => this.isOpen,
    );
  }

  /** Begins to ask. Answers how to stop. */
  start(): () => void {
    const stopSeconds = startSeconds();
    const { posture, ...others } = this.sources.always;
    const stopKnocking = posture.reading.subscribe(() => this.#knocked());
    const release = Object.values({ ...others, posture }).map((source) => this.hold(source));
    const timer = setInterval(() => this.#pump(), PUMP);
    void posture.refresh();
    return () => {
      clearInterval(timer);
      this.live.stop();
      for (const each of [stopSeconds, stopKnocking, ...release]) each();
    };
  }

  /** Until the server lets this key in, one question knocks, and all others wait. */
  get isOpen(): boolean {
    return isDoorOpen(this.sources.always.posture.reading.value);
  }

  /** Whether nothing is to be asked just now. */
  get isResting(): boolean {
    return this.isPaused.value || document.hidden || performance.now() < this.api.restUntil;
  }

  useKey(key: string): void {
    this.api.useKey(key);
    this.#wasOpen = false;
    for (const source of this.#held) source.forget();
    void this.sources.always.posture.refresh();
  }

  pause(isPaused: boolean): void {
    this.isPaused.set(isPaused);
    if (isPaused) this.live.stop();
    else {
      this.live.start();
      this.refresh();
    }
  }

  /** Asks for everything that is looked at. */
  refresh(): void {
    const { posture } = this.sources.always;
    for (const source of this.isOpen ? this.#held : [posture]) void source.refresh();
  }

  hold(source: Source<never> | Source<unknown>): () => void {
    const held = source as Source<unknown>;
    const release = held.hold();
    this.#held.add(held);
    if (!held.reading.value.asked && this.isOpen) void held.refresh();
    return () => {
      release();
      if (!held.isHeld) this.#held.delete(held);
    };
  }

  onEvent(listener: (event: StreamedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  notify(isGood: boolean, text: string): void {
    const id = ++this.#lastId;
    this.notices.set([...this.notices.value.slice(-3), { id, isGood, text }]);
    setTimeout(() => this.dismiss(id), NOTICE_SHOWN);
  }

  dismiss(id: number): void {
    this.notices.set(this.notices.value.filter((notice) => notice.id !== id));
  }

  /** Opens a dialog on top of those that are open. */
  show(draw: OpenDialog["draw"]): void {
    this.dialogs.set([...this.dialogs.value, { id: ++this.#lastId, draw }]);
  }

  close(id: number): void {
    this.dialogs.set(this.dialogs.value.filter((dialog) => dialog.id !== id));
  }

  #pump(): void {
    if (this.isResting) return;
    const isLive = this.live.state.value.phase === "live";
    const now = performance.now();
    const { posture } = this.sources.always;
    const isAway = [...this.#held].some((source) => source.reading.value.failure?.kind === "offline");
    posture.pump(now, isLive, isAway);
    if (this.isOpen) for (const source of this.#held) source.pump(now, isLive);
  }

  /** The server has answered, or not: all that waits for it goes on when it is there again. */
  #knocked(): void {
    const isOpen = this.isOpen;
    if (isOpen && !this.#wasOpen) {
      for (const source of this.#held) if (source !== this.sources.always.posture) void source.refresh();
      if (!this.isPaused.value) this.live.start();
    }
    this.#wasOpen = isOpen;
  }

  /** Something was missed. */
  #stir(): void {
    for (const source of this.#held) source.want();
  }

  #hear(event: StreamedEvent): void {
    for (const source of this.#held) source.hear(event.name);
    for (const listener of this.#listeners) listener(event);
  }
}

/** Whether the server is there and lets this key in, by the answer of the part that is asked first. */
export function isDoorOpen({ asked, failure }: Reading<unknown>): boolean {
  return asked && !SHUT.includes(failure?.kind ?? "");
}

export const ConsoleContext = createContext<Console | undefined>(undefined);

export function useConsole(): Console {
  const console = useContext(ConsoleContext);
  if (console === undefined) throw new Error("there is no console around this");
  return console;
}

/** What a source knows; it is asked as long as the component is there. */
export function useSource<T>(source: Source<T>): Reading<T> {
  const console = useConsole();
  useEffect(() => console.hold(source as Source<unknown>), [console, source]);
  return useSignal(source.reading);
}

/** A source that the component has for itself, for as long as the path is the same. */
export function useOwnSource<T>(options: SourceOptions<T>): Source<T> {
  const console = useConsole();
  return useMemo(() => new Source(console.api, options), [console, options.path]);
}
