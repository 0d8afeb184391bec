import type { Level } from "../telemetry/event.js";

/** Something that happened, as it is kept. @public */
export interface JournalEntry {
  /** Unique among all processes. Ids have the order of time, by the clocks of the processes. */
  readonly id: string;
  readonly at: Date;
  /** Of the event, or of the note. */
  readonly name: string;
  readonly level: Level;
  /** What is known of it, without secrets. Where that was more than 4 KiB it is cut, and `truncated` in it is true. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** The process: its host, its number and something random. */
  readonly instance: string;
  /** Who did it, where somebody did. */
  readonly actor?: string;
  readonly reason?: string;
}

/** Which entries. What is absent does not narrow. @public */
export interface JournalQuery {
  /** Only entries older than the one with this id: `next` of the page before. */
  readonly before?: string | undefined;
  /** Only entries newer than the one with this id. */
  readonly after?: string | undefined;
  /** From then on. */
  readonly since?: Date | undefined;
  /** Until then, exclusively. */
  readonly until?: Date | undefined;
  readonly names?: readonly string[] | undefined;
  /** Of this level and above. */
  readonly level?: Level | undefined;
  /** What the name, the actor, the reason, the process or the payload says somewhere, in upper or lower case. */
  readonly text?: string | undefined;
  /** At most so many entries: 1 to 500. Default 50. */
  readonly limit?: number | undefined;
}

/** @public */
export interface JournalPage {
  /** The newest first. */
  readonly entries: readonly JournalEntry[];
  /** Ask with it as `before` for what is older. A page may have fewer entries than its limit and still be followed by one. */
  readonly next?: string;
  /** False where the store did not answer, and before the start: then it is only what this process has not handed over yet. */
  readonly complete: boolean;
}

/** What an operator wants to be remembered. @public */
export interface JournalNote {
  readonly actor: string;
  readonly reason: string;
  /** As events are named: `deployment.started`. Default `operator.note`. */
  readonly name?: string | undefined;
  /** Default "info". */
  readonly level?: Level | undefined;
  /** Anything more; secrets are masked. */
  readonly facts?: Readonly<Record<string, unknown>> | undefined;
}

/** What happened, in this process and in all that share its store. There is none before the start. @public */
export interface Journal {
  /** A page of it. Rejects with `ConfigurationError` for a query with a mistake in it, and for nothing else. */
  page(query?: JournalQuery): Promise<JournalPage>;
  /**
   * Adds a remark, and answers whether the store has it; false: it waits until the store answers, or there is no journal.
   * Rejects with `ConfigurationError` for a note with a mistake in it.
   */
  note(note: JournalNote): Promise<boolean>;
}

/** Of a runtime that has not started, or is to keep none. */
export const idleJournal: Journal = Object.freeze({
  page: async () => ({ entries: [], complete: false }),
  note: async () => false,
});
