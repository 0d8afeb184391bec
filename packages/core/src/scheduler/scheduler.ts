import { ConfigurationError } from "../errors.js";

/** Work that is done again and again, by one process of a host, or of the fleet where something elects one. @public */
export interface Job {
  /** Unique: 1 to 64 letters, digits, `_`, `-`, `.` and `:`. */
  readonly name: string;
  /** Milliseconds from one run to the next. Either this or `dailyAt`. */
  readonly every?: number;
  /** Once a day, by the local time of the process. */
  readonly dailyAt?: { readonly hour: number; readonly minute?: number };
  /** Run it too while the kill switch is off, because it changes nothing. Default false. */
  readonly whileDisabled?: boolean;
  /** The signal aborts when the runtime closes, or another process leads. It never runs twice at a time in a process. */
  run(signal: AbortSignal): unknown;
}

/** A job as an operator sees it. @public */
export interface JobRow {
  readonly name: string;
  readonly every?: number;
  readonly dailyAt?: { readonly hour: number; readonly minute: number };
  /** False: BALDUR_SCHEDULER_DISABLED_JOBS names it. */
  readonly enabled: boolean;
  /** Since it is known, over restarts. */
  readonly runs: number;
  readonly errors: number;
  readonly lastRunAt?: Date;
  /** Of the last run that failed, until one succeeds. */
  readonly lastError?: string;
  /** Absent where this process does not lead. */
  readonly nextRunAt?: Date;
  readonly running: boolean;
}

/** @public */
export interface Scheduler {
  /** Every job, by name. */
  jobs(): JobRow[];
  /**
   * Adds a job until what it returns is disposed of. The first run is after `every`, or at the time of day; one that came
   * due while no process ran is made up for once. Throws `ConfigurationError` before the start, and for a job with a
   * mistake in it or a name that is taken.
   */
  add(job: Job): Disposable;
  /** Whether this process runs the jobs. False while there are none. */
  readonly leading: boolean;
}

/** Of a runtime that has not started. */
export const idleScheduler: Scheduler = Object.freeze({
  jobs: () => [],
  add: () => {
    throw new ConfigurationError("a runtime takes jobs once start() was called");
  },
  leading: false,
});
