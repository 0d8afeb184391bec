import type { HotClock } from "../clock.js";
import { lastDaily, nextDaily, type TimeOfDay } from "./due.js";
import type { JobRecord } from "./history.js";
import type { Job, JobRow } from "./scheduler.js";

/** A job with the time at which it is due. */
export class ScheduledJob {
  /** Aborts the run that is under way. */
  running: AbortController | undefined;
  readonly #daily: TimeOfDay | undefined;
  /** For `every` by the monotonic clock, which nobody sets; for a time of day by the wall. Undefined: it was not planned. */
  #due: number | undefined;

  constructor(
    readonly job: Job,
    readonly enabled: boolean,
    private readonly clock: HotClock,
  ) {
    const { dailyAt } = job;
    this.#daily = dailyAt && { hour: dailyAt.hour, minute: dailyAt.minute ?? 0 };
  }

  get name(): string {
    return this.job.name;
  }

  /** Milliseconds until it is due; undefined while it does not run at all. */
  get wait(): number | undefined {
    if (!this.enabled || this.running !== undefined || this.#due === undefined) return undefined;
    return this.#due - (this.#daily === undefined ? this.clock.monotonic() : this.clock.now());
  }

  /** Plans the first run here, after what any process knows of the last one. */
  plan({ lastRunAt }: JobRecord): void {
    const now = this.clock.now();
    const known = lastRunAt !== undefined && lastRunAt <= now ? lastRunAt : undefined; // clocks are set back, too
    if (this.#daily === undefined) {
      const every = this.job.every as number;
      this.#due = this.clock.monotonic() + (known === undefined ? every : Math.max(0, known + every - now));
    } else {
      const missed = known !== undefined && known < lastDaily(now, this.#daily);
      this.#due = missed ? now : nextDaily(now, this.#daily);
    }
  }

  /** Plans the next run, now that one begins. */
  begin(): AbortController {
    const controller = new AbortController();
    this.running = controller;
    this.#due =
      this.#daily === undefined
        ? this.clock.monotonic() + (this.job.every as number)
        : nextDaily(this.clock.now(), this.#daily);
    return controller;
  }

  /** It is due so many milliseconds from now. */
  postpone(milliseconds: number): void {
    const now = this.#daily === undefined ? this.clock.monotonic() : this.clock.now();
    this.#due = now + milliseconds;
  }

  /** It does not run here any more. */
  suspend(reason: string): void {
    this.#due = undefined;
    this.running?.abort(new Error(reason));
  }

  row({ runs, errors, lastRunAt, lastError }: JobRecord): JobRow {
    const { name, every } = this.job;
    const next = this.#next();
    return {
      name,
      enabled: this.enabled,
      runs,
      errors,
      running: this.running !== undefined,
      ...(every !== undefined && { every }),
      ...(this.#daily !== undefined && { dailyAt: this.#daily }),
      ...(lastRunAt !== undefined && { lastRunAt: new Date(lastRunAt) }),
      ...(lastError !== undefined && { lastError }),
      ...(next !== undefined && { nextRunAt: next }),
    };
  }

  #next(): Date | undefined {
    if (!this.enabled || this.#due === undefined) return undefined;
    if (this.#daily !== undefined) return new Date(this.#due);
    return new Date(this.clock.now() + this.#due - this.clock.monotonic());
  }
}
