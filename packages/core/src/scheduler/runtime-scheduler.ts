import { type HotClock, unref } from "../clock.js";
import { text } from "../describe.js";
import { invalid } from "../errors.js";
import type { LeaderElector } from "../slots/leader.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { within } from "../within.js";
import { checkJob } from "./check-job.js";
import { electionFailed, jobFailed, unknownJobDisabled } from "./events.js";
import type { JobHistory } from "./history.js";
import { runsTotal } from "./metrics.js";
import { ScheduledJob } from "./scheduled-job.js";
import type { Job, JobRow, Scheduler } from "./scheduler.js";
import type { SchedulerSettings } from "./settings.js";

export interface RuntimeSchedulerParts {
  readonly clock: HotClock;
  readonly telemetry: Pick<TelemetryHub, "report" | "counter">;
  readonly settings: Readonly<SchedulerSettings>;
  readonly history: JobHistory;
  readonly control: { readonly enabled: boolean };
  /** Asked once, when there is something to lead; undefined where this process never leads. */
  readonly elector: () => LeaderElector | undefined;
}

/** What is led. */
export const RESOURCE = "scheduler";
/** Milliseconds after which it is looked again, because somebody may have set the clock. */
const LONGEST_WAIT = 60_000;
/** Milliseconds between looks at what the leader wrote, and at a job that the kill switch holds back. */
const LOOK_AGAIN = 5000;
/** Of the time to close; the rest is for what is written at the end. */
const JOBS_SHARE = 0.75;
/** A job that runs more often than that need not be remembered run by run: it is due again in a moment anyway. */
const MINUTE = 60_000;

/** The scheduler of a runtime that was started. There are no timers and no election while there are no jobs. */
export class RuntimeScheduler implements Scheduler {
  readonly #jobs = new Map<string, ScheduledJob>();
  readonly #ended = new Set<Promise<void>>();
  #elector: LeaderElector | undefined;
  #watch: Disposable | undefined;
  #timer: unknown;
  #check: unknown;
  #state: "made" | "started" | "closed" = "made";
  #hasStood = false;
  #flushedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly parts: RuntimeSchedulerParts) {}

  get leading(): boolean {
    return this.#state === "started" && this.#elector?.isLeader() === true;
  }

  jobs(): JobRow[] {
    const jobs = [...this.#jobs.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return jobs.map((job) => job.row(this.parts.history.of(job.name)));
  }

  add(job: Job): Disposable {
    checkJob(job);
    const { name } = job;
    if (this.#jobs.has(name)) throw invalid("job.name", "a name that is not taken", name);
    const { clock, settings } = this.parts;
    const scheduled = new ScheduledJob(job, !settings.disabledJobs?.includes(name), clock);
    this.#jobs.set(name, scheduled);
    this.#stand();
    if (this.leading) this.#plan(scheduled);
    return {
      [Symbol.dispose]: () => {
        if (this.#jobs.get(name) !== scheduled) return;
        this.#jobs.delete(name);
        scheduled.suspend("the job was removed");
      },
    };
  }

  /** From now on jobs run. */
  start(): void {
    const { clock, settings } = this.parts;
    this.#state = "started";
    this.#stand();
    if (settings.disabledJobs === undefined) return;
    // An application adds its own once it has the runtime, so their names are judged later.
    this.#check = clock.setTimeout(() => this.#reportUnknown(), LONGEST_WAIT);
    unref(this.#check);
  }

  /** Begins nothing more, and aborts what runs. */
  stop(): void {
    this.#state = "closed";
    this.#watch?.[Symbol.dispose]();
    for (const timer of [this.#timer, this.#check]) this.parts.clock.clearTimeout(timer);
    for (const job of this.#jobs.values()) job.suspend("the runtime closes");
  }

  /**
   * Waits for what runs, and gives the seat up, within so many milliseconds in all. Answers the jobs that did not end. Never
   * rejects.
   */
  async close(limit: number): Promise<string[]> {
    const { clock, history } = this.parts;
    this.stop();
    await within(clock, limit * JOBS_SHARE, () => Promise.all(this.#ended)).catch(() => undefined);
    const left = [...this.#jobs.values()].filter(({ running }) => running !== undefined);
    const leave = (): Promise<unknown> => Promise.all([history.flush(), this.#ask("stop")]);
    await within(clock, limit * (1 - JOBS_SHARE), leave).catch(() => undefined); // a store that does not answer
    return left.map(({ name }) => `job ${name}`);
  }

  /** Takes part in the election, the first time that there is a job to run. */
  #stand(): void {
    const { settings, elector } = this.parts;
    const isNeeded = [...this.#jobs.values()].some(({ enabled }) => enabled);
    if (this.#hasStood || this.#state !== "started" || !settings.autostart || !isNeeded) return;
    this.#hasStood = true;
    this.#elector = elector();
    if (this.#elector === undefined) return;
    this.#watch = this.#elector.onChange((leading) => (leading ? void this.#lead() : this.#follow()));
    void this.#ask("start");
    if (this.#elector.isLeader()) void this.#lead();
    else this.#arm();
  }

  /** An elector may be a plugin's. Never rejects. */
  async #ask(what: "start" | "stop"): Promise<void> {
    try {
      await this.#elector?.[what]();
    } catch (error) {
      this.parts.telemetry.report(electionFailed, {
        resource: RESOURCE,
        error: text(error),
        hint: `${what}() rejected`,
      });
    }
  }

  async #lead(): Promise<void> {
    await this.parts.history.load();
    if (!this.leading) return;
    for (const job of this.#jobs.values()) job.plan(this.parts.history.of(job.name));
    this.#arm();
  }

  #follow(): void {
    for (const job of this.#jobs.values()) job.suspend("another process leads");
    this.#arm();
  }

  #plan(job: ScheduledJob): void {
    job.plan(this.parts.history.of(job.name));
    this.#arm();
  }

  #arm(): void {
    if (this.#state !== "started") return;
    const { clock } = this.parts;
    clock.clearTimeout(this.#timer);
    const waits = [...this.#jobs.values()].flatMap(({ wait }) => wait ?? []);
    const wait = this.leading ? Math.min(LONGEST_WAIT, ...waits) : LOOK_AGAIN;
    this.#timer = clock.setTimeout(() => void this.#tick(), Math.max(0, wait));
    unref(this.#timer);
  }

  async #tick(): Promise<void> {
    if (!this.leading) await this.parts.history.load();
    else for (const job of this.#jobs.values()) if (this.#isDue(job)) this.#begin(job);
    this.#arm();
  }

  #isDue(job: ScheduledJob): boolean {
    if (job.wait === undefined || job.wait > 0) return false;
    if (this.parts.control.enabled || job.job.whileDisabled) return true;
    job.postpone(LOOK_AGAIN);
    return false;
  }

  #begin(job: ScheduledJob): void {
    const ended = this.#run(job).finally(() => this.#ended.delete(ended));
    this.#ended.add(ended);
  }

  /** Never rejects. */
  async #run(job: ScheduledJob): Promise<void> {
    const { signal } = job.begin();
    const at = this.parts.clock.now();
    try {
      await job.job.run(signal);
      this.#note(job, at);
    } catch (error) {
      if (!signal.aborted) this.#note(job, at, text(error));
    }
    job.running = undefined;
    if (this.#isWorthWriting(job)) await this.#flush();
    this.#arm();
  }

  #note({ name }: ScheduledJob, at: number, error?: string): void {
    const { history, telemetry } = this.parts;
    history.add(name, error === undefined ? { at } : { at, error });
    telemetry
      .counter(runsTotal)
      .cell(name, error === undefined ? "success" : "failure")
      .add();
    if (error !== undefined)
      telemetry.report(jobFailed, { job: name, error, errors: history.of(name).errors });
  }

  #isWorthWriting({ job }: ScheduledJob): boolean {
    const isRare = job.every === undefined || job.every >= MINUTE;
    return isRare || this.parts.clock.monotonic() - this.#flushedAt >= MINUTE;
  }

  async #flush(): Promise<void> {
    this.#flushedAt = this.parts.clock.monotonic();
    await this.parts.history.flush();
  }

  #reportUnknown(): void {
    const known = [...this.#jobs.keys()];
    for (const job of this.parts.settings.disabledJobs ?? [])
      if (!known.includes(job)) this.parts.telemetry.report(unknownJobDisabled, { job, known });
  }
}
