import type { Clock } from "../clock.js";
import { text } from "../describe.js";
import type { DocumentStore } from "../documents/documents.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { historyUnavailable } from "./events.js";

/** What is known of the runs of a job, over restarts and processes. */
export interface JobRecord {
  readonly runs: number;
  readonly errors: number;
  /** Wall time at which the last one began. */
  readonly lastRunAt?: number;
  /** Of the last one, if it failed. */
  readonly lastError?: string;
}

/** A run that ended. */
export interface Run {
  readonly at: number;
  readonly error?: string;
}

export interface JobHistoryParts {
  readonly documents: Pick<DocumentStore, "read" | "compareAndSet">;
  readonly clock: Clock;
  readonly telemetry: Pick<TelemetryHub, "report">;
}

type Records = ReadonlyMap<string, JobRecord>;

const KEY = "scheduler.jobs";
const NEVER: JobRecord = Object.freeze({ runs: 0, errors: 0 });
const NONE: Records = new Map();
const MOST_CONFLICTS = 20;
const LONGEST_ERROR = 500;
/** Jobs that are gone leave, the longest unused first. */
const MOST_JOBS = 500;

/** When jobs ran last, in one document. What cannot be written waits, and a store that is away stops no job. */
export class JobHistory {
  #version = 0;
  #stored: Records = NONE;
  /** Runs that are being written, and runs since. */
  #writing: Records = NONE;
  #unwritten: Records = NONE;
  #flushing: Promise<void> = Promise.resolve();
  #isTold = false;

  constructor(private readonly parts: JobHistoryParts) {}

  of(job: string): JobRecord {
    const parts = [this.#stored, this.#writing, this.#unwritten].flatMap((records) => records.get(job) ?? []);
    return parts.reduce(plus, NEVER);
  }

  /** Reads what other processes wrote. Never rejects. */
  async load(): Promise<void> {
    await this.#flushing; // or what is read might be older than what was written
    await this.#try(async () => this.#note(await this.parts.documents.read(KEY)));
  }

  add(job: string, { at, error }: Run): void {
    const lastError = error?.slice(0, LONGEST_ERROR);
    const record: JobRecord =
      lastError === undefined
        ? { runs: 1, errors: 0, lastRunAt: at }
        : { runs: 1, errors: 1, lastRunAt: at, lastError };
    this.#unwritten = merged(this.#unwritten, new Map([[job, record]]));
  }

  /** Writes what was added. Never rejects. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#try(() => this.#write()));
    return this.#flushing;
  }

  async #write(): Promise<void> {
    this.#writing = this.#unwritten;
    this.#unwritten = NONE;
    try {
      for (let conflicts = 0; this.#writing.size > 0 && conflicts < MOST_CONFLICTS; conflicts++) {
        const next = latest(merged(this.#stored, this.#writing));
        const value = Object.fromEntries(next);
        const result = await this.parts.documents.compareAndSet(KEY, this.#version, value);
        if (result.ok) [this.#version, this.#stored, this.#writing] = [result.version, next, NONE];
        else this.#note(result.current);
      }
    } finally {
      this.#unwritten = merged(this.#writing, this.#unwritten);
      this.#writing = NONE;
    }
  }

  #note(document: { readonly version: number; readonly value: unknown } | undefined): void {
    this.#version = document?.version ?? 0;
    this.#stored = recordsOf(document?.value);
  }

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#isTold = false;
    } catch (error) {
      if (!this.#isTold) this.parts.telemetry.report(historyUnavailable, { error: text(error) });
      this.#isTold = true;
    }
  }
}

function merged(a: Records, b: Records): Records {
  const all = new Map(a);
  for (const [job, record] of b) all.set(job, plus(all.get(job) ?? NEVER, record));
  return all;
}

/** The sum of two. Clocks of processes differ, so the later run is the one that says more. */
function plus(a: JobRecord, b: JobRecord): JobRecord {
  const last = (a.lastRunAt ?? 0) > (b.lastRunAt ?? 0) ? a : b;
  return { ...last, runs: a.runs + b.runs, errors: a.errors + b.errors };
}

function latest(records: Records): Records {
  if (records.size <= MOST_JOBS) return records;
  const entries = [...records].sort(([, a], [, b]) => (b.lastRunAt ?? 0) - (a.lastRunAt ?? 0));
  return new Map(entries.slice(0, MOST_JOBS));
}

/** Records that are damaged count as absent. */
function recordsOf(value: unknown): Records {
  if (typeof value !== "object" || value === null) return NONE;
  return new Map(Object.entries(value).filter((entry): entry is [string, JobRecord] => isRecord(entry[1])));
}

function isRecord(value: unknown): value is JobRecord {
  if (typeof value !== "object" || value === null) return false;
  const { runs, errors, lastRunAt, lastError } = value as Record<string, unknown>;
  return (
    isCount(runs) &&
    isCount(errors) &&
    (lastRunAt === undefined || Number.isFinite(lastRunAt)) &&
    (lastError === undefined || typeof lastError === "string")
  );
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
