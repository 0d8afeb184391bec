import { useEffect, useMemo } from "preact/hooks";
import { withQuery } from "../api/client.js";
import { ApiError, type Failure } from "../api/failure.js";
import { journalPageOf } from "../journal/journal.js";
import { type Console, useConsole } from "../state/console.js";
import { type Signal, signal, useSignal } from "../state/signal.js";
import { serverNow } from "../state/time.js";
import { EVENTS, type Happening, happeningOf } from "./happenings.js";

/** What was read of the journal. */
export interface Told {
  readonly happenings: readonly Happening[];
  /** From when on all is known; milliseconds by the server's clock. */
  readonly knownFrom: number;
  /** When it was last read, by the browser's clock. */
  readonly at?: number;
  readonly failure?: Failure;
  readonly isComplete: boolean;
}

const PAGE = 500;
/** Of a first reading: 5,000 events say enough, and the rest is called unknown. */
const MOST_PAGES = 10;
const EVERY = 5000;
const SOON = 800;
/** Entries arrive in the journal a little after they happen, from clocks that differ a little. */
const OVERLAP = 10_000;

/** Reads what the ledger needs of the journal: a stretch at first, then what is new. */
class History {
  readonly told: Signal<Told> = signal<Told>({
    happenings: [],
    knownFrom: Number.POSITIVE_INFINITY,
    isComplete: true,
  });
  readonly #known = new Map<string, Happening>();
  #busy = false;
  #wanted = true;
  #endedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly console: Console,
    private readonly length: number,
  ) {}

  want(): void {
    this.#wanted = true;
  }

  pump(): void {
    if (this.#busy || this.console.isResting || !this.console.isOpen) return;
    const waited = performance.now() - this.#endedAt;
    if (waited < (this.#wanted ? SOON : EVERY)) return;
    this.#wanted = false;
    this.#busy = true;
    void this.#read().finally(() => {
      this.#busy = false;
      this.#endedAt = performance.now();
    });
  }

  async #read(): Promise<void> {
    const { told } = this;
    const begin = serverNow() - this.length;
    const isFirst = told.value.at === undefined;
    const newest = told.value.happenings.at(-1)?.at ?? begin;
    try {
      const { isComplete, readTo } = await this.#pages(isFirst ? begin : Math.max(begin, newest - OVERLAP));
      for (const [id, { at }] of this.#known) if (at < begin) this.#known.delete(id);
      const happenings = [...this.#known.values()].sort((a, b) => a.at - b.at);
      const knownFrom = isFirst
        ? readTo
        : Math.max(begin, told.value.knownFrom, readTo > newest ? readTo : 0);
      told.set({ happenings, knownFrom, isComplete, at: Date.now() });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      told.set({ ...told.value, failure: error.failure });
    }
  }

  /** Reads back to a time, or as far as it goes: answers to where. */
  async #pages(since: number): Promise<{ isComplete: boolean; readTo: number }> {
    let before: string | undefined;
    let isComplete = true;
    let oldest = since;
    for (let page = 0; page < MOST_PAGES; page++) {
      const query = { limit: PAGE, since: new Date(since).toISOString(), names: EVENTS.join(","), before };
      const { entries, next, complete } = journalPageOf(
        await this.console.api.get(withQuery("journal", query)),
      );
      isComplete &&= complete !== false;
      for (const happening of entries.flatMap((entry) => happeningOf(entry) ?? [])) {
        this.#known.set(happening.id, happening);
        oldest = happening.at;
      }
      if (next === undefined) return { isComplete, readTo: since };
      before = next;
    }
    return { isComplete, readTo: oldest };
  }
}

/** What happened in the last so many milliseconds. */
export function useHistory(length: number): Told {
  const console = useConsole();
  const key = useSignal(console.api.key);
  const history = useMemo(() => new History(console, length), [console, length, key]);
  useEffect(() => {
    const deaf = console.onEvent(({ name }) => {
      if (EVENTS.includes(name)) history.want();
    });
    const timer = setInterval(() => history.pump(), SOON / 2);
    history.pump();
    return () => {
      clearInterval(timer);
      deaf();
    };
  }, [history]);
  return useSignal(history.told);
}
