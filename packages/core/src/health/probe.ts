import type { HotClock } from "../clock.js";
import { text } from "../describe.js";
import { type HealthCheck, type HealthProbe, STATUSES } from "./health.js";

interface Run {
  readonly answer: Promise<HealthCheck>;
  readonly began: number;
  readonly controller: AbortController;
  waiting: number;
}

export interface ProbeParts {
  readonly name: string;
  readonly probe: HealthProbe;
  readonly clock: HotClock;
  /** Told every answer with the milliseconds that it took. */
  readonly onAnswer: (name: string, check: HealthCheck, took: number) => void;
}

/** One that was aborted and still does not end is given up after so many milliseconds, for another to be made. */
const GIVEN_UP = 30_000;

/** Looks at one thing, once at a time, however many ask and however long it takes. */
export class Probe {
  #running: Run | undefined;

  constructor(private readonly parts: ProbeParts) {}

  /** Answers within so many milliseconds. Never rejects. */
  async ask(limit: number): Promise<HealthCheck> {
    const { clock } = this.parts;
    const run = this.#begun();
    let timer: unknown;
    const late = new Promise<HealthCheck>((resolve) => {
      timer = clock.setTimeout(() => resolve(this.#late(run, limit)), limit);
    });
    run.waiting++;
    try {
      return await Promise.race([run.answer, late]);
    } finally {
      clock.clearTimeout(timer);
      run.waiting--;
    }
  }

  #begun(): Run {
    const { clock } = this.parts;
    const running = this.#running;
    if (running !== undefined && clock.monotonic() - running.began < GIVEN_UP) return running;
    const controller = new AbortController();
    const began = clock.monotonic();
    const answer = this.#look(controller.signal).then((check) => this.#ended(run, check));
    const run: Run = { answer, began, controller, waiting: 0 };
    this.#running = run;
    return run;
  }

  async #look(signal: AbortSignal): Promise<HealthCheck> {
    try {
      const check = await this.parts.probe(signal);
      return STATUSES.includes(check?.status)
        ? check
        : { status: "unknown", detail: "the check answered nothing of use" };
    } catch (error) {
      return { status: "unknown", detail: text(error) };
    }
  }

  #ended(run: Run, check: HealthCheck): HealthCheck {
    if (this.#running === run) this.#running = undefined;
    if (!run.controller.signal.aborted)
      this.parts.onAnswer(this.parts.name, check, this.parts.clock.monotonic() - run.began);
    return check;
  }

  #late(run: Run, limit: number): HealthCheck {
    const check: HealthCheck = { status: "unknown", timedOut: true, detail: `no answer within ${limit} ms` };
    this.parts.onAnswer(this.parts.name, check, limit);
    if (run.waiting === 1) run.controller.abort(new Error(check.detail));
    return check;
  }
}
