import { createFakeClock, type FakeClock } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import { hotClock } from "../../src/clock.js";
import { MemoryDocumentStore } from "../../src/documents/stores/memory.js";
import type { Plugin } from "../../src/plugins/plugin.js";
import type { BaldurOptions } from "../../src/runtime-options.js";
import { JobHistory } from "../../src/scheduler/history.js";
import { RuntimeScheduler } from "../../src/scheduler/runtime-scheduler.js";
import type { LeaderElection, LeaderElector } from "../../src/slots/leader.js";
import { leaderSlot } from "../../src/slots/leader.js";
import { TelemetryHub } from "../../src/telemetry/telemetry.js";
import { errorOf, failure, type TestRuntime, testRuntime, turn } from "../runtime.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Leads when a test says so. */
class Seat implements LeaderElector {
  readonly resource = "scheduler";
  state: LeaderElector["state"] = "not_started";
  leads = true;
  readonly asked: string[] = [];
  #listener: (leading: boolean) => void = () => undefined;
  isLeader(): boolean {
    return this.leads;
  }
  leader(): undefined {
    return undefined;
  }
  fencingToken(): undefined {
    return undefined;
  }
  onChange(listener: (leading: boolean) => void): Disposable {
    this.#listener = listener;
    return { [Symbol.dispose]: () => undefined };
  }
  async start(): Promise<void> {
    this.asked.push("start");
  }
  async stop(): Promise<void> {
    this.asked.push("stop");
  }
  become(leads: boolean): void {
    this.leads = leads;
    this.#listener(leads);
  }
}

function electing(seat: Seat): Plugin {
  const election: LeaderElection = { kind: "test", elector: () => seat };
  return { name: "electing", register: ({ fill }) => fill(leaderSlot, election) };
}

interface Test extends TestRuntime {
  readonly seat: Seat;
}

async function started(options: BaldurOptions = {}, seat = new Seat()): Promise<Test> {
  const settings = { precomputedCache: { enabled: false }, ...options.settings }; // no timers but the scheduler's
  const plugins = [electing(seat), ...(options.plugins ?? [])];
  const runtime = testRuntime({ ...options, settings, plugins });
  await runtime.baldur.start();
  return { ...runtime, seat };
}

const quiet = (): void => undefined;

describe("a job", () => {
  it("runs at its interval, and not before its first end", async () => {
    const { baldur, clock } = await started();
    const at: number[] = [];
    baldur.scheduler.add({ name: "tick", every: 1000, run: () => void at.push(clock.monotonic()) });
    await clock.advance(3500);
    expect(at).toEqual([1000, 2000, 3000]);
  });

  it("runs at its time of day, and is listed with it", async () => {
    const { baldur, clock } = await started();
    const at: Date[] = [];
    const now = new Date(clock.now());
    const hour = (now.getHours() + 2) % 24;
    baldur.scheduler.add({
      name: "report",
      dailyAt: { hour },
      run: () => void at.push(new Date(clock.now())),
    });
    await turn();
    const [row] = baldur.scheduler.jobs();
    expect(row).toMatchObject({ name: "report", dailyAt: { hour, minute: 0 }, enabled: true, runs: 0 });
    await clock.advance(50 * HOUR);
    expect(at.map((date) => [date.getHours(), date.getMinutes()])).toEqual(Array(at.length).fill([hour, 0]));
    expect(at.length).toBeGreaterThanOrEqual(2);
    expect(at[0]).toEqual(row?.nextRunAt);
  });

  it("that throws is reported, counted, and runs again when it is due", async () => {
    const { baldur, clock, telemetry } = await started();
    let runs = 0;
    const run = (): void => {
      if (++runs <= 2) throw failure("no disk");
    };
    baldur.scheduler.add({ name: "tick", every: 1000, run });
    await clock.advance(2000);
    expect(telemetry.named("scheduler.job_failed").map(({ payload }) => payload)).toEqual([
      { job: "tick", error: "no disk", errors: 1 },
      { job: "tick", error: "no disk", errors: 2 },
    ]);
    expect(baldur.scheduler.jobs()[0]).toMatchObject({ runs: 2, errors: 2, lastError: "no disk" });
    await clock.advance(1000);
    const [row] = baldur.scheduler.jobs();
    expect(row).toMatchObject({ runs: 3, errors: 2 });
    expect(row).not.toHaveProperty("lastError");
    expect(telemetry.value("baldur_scheduler_job_runs_total", { job: "tick", result: "success" })).toBe(1);
  });

  it("[BUG] that is slow delays no other, and never overlaps itself", async () => {
    const { baldur, clock } = await started();
    const order: string[] = [];
    let end: () => void = () => undefined;
    const slow = (): Promise<void> => {
      order.push("slow");
      return new Promise((resolve) => (end = resolve));
    };
    baldur.scheduler.add({ name: "slow", every: 1000, run: slow });
    baldur.scheduler.add({ name: "quick", every: 1000, run: () => void order.push("quick") });
    await clock.advance(3000);
    expect(order).toEqual(["slow", "quick", "quick", "quick"]);
    expect(baldur.scheduler.jobs().map(({ name, running }) => [name, running])).toEqual([
      ["quick", false],
      ["slow", true],
    ]);
    end();
    await clock.advance(0);
    expect(order.slice(4)).toEqual(["slow"]);
  });

  it("[BUG] may be added and removed while jobs run", async () => {
    const { baldur, clock } = await started();
    const ran: string[] = [];
    const job = (name: string, run: () => void) =>
      baldur.scheduler.add({ name, every: 1000, run: () => (ran.push(name), run()) });
    const first = job("a", () => {
      first[Symbol.dispose]();
      job("c", quiet);
    });
    job("b", quiet);
    await clock.advance(1000);
    expect(ran).toEqual(["a", "b"]);
    await clock.advance(1000);
    expect(ran).toEqual(["a", "b", "b", "c"]);
    expect(baldur.scheduler.jobs().map(({ name }) => name)).toEqual(["b", "c"]);
  });

  it("is told when the runtime closes, and waited for", async () => {
    const { baldur, clock, seat } = await started();
    let reason: unknown;
    const run = (signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => {
          reason = signal.reason;
          clock.setTimeout(resolve, 500);
        });
      });
    baldur.scheduler.add({ name: "slow", every: 1000, run });
    await clock.advance(1000);
    const closing = baldur.close();
    await clock.advance(510);
    expect(await closing).toMatchObject({ clean: true, duration: 500 });
    expect(reason).toMatchObject({ message: "the runtime closes" });
    expect(seat.asked).toEqual(["start", "stop"]);
    expect(clock.pending).toBe(0);
  });

  it("that does not end is named in the report of the shutdown", async () => {
    const { baldur, clock } = await started();
    baldur.scheduler.add({ name: "stuck", every: 1000, run: () => new Promise(() => undefined) });
    await clock.advance(1000);
    const closing = baldur.close({ deadline: 2000 });
    await clock.advance(2100);
    expect(await closing).toMatchObject({ clean: false, abandoned: ["job stuck"] });
  });

  it("waits while the kill switch is off, unless it changes nothing", async () => {
    const { baldur, clock } = await started();
    const ran: string[] = [];
    baldur.scheduler.add({ name: "archive", every: MINUTE, run: () => void ran.push("archive") });
    baldur.scheduler.add({
      name: "report",
      every: MINUTE,
      whileDisabled: true,
      run: () => void ran.push("report"),
    });
    await baldur.control.disable({ actor: "ops", reason: "incident" });
    await clock.advance(3 * MINUTE);
    expect(ran).toEqual(["report", "report", "report"]);
    await baldur.control.enable({ actor: "ops" });
    await clock.advance(5000);
    expect(ran).toEqual(["report", "report", "report", "archive"]);
  });

  it.each([
    [{ name: "", every: 1, run: quiet }, "job.name"],
    [{ name: "a b", every: 1, run: quiet }, "job.name"],
    [{ name: "a", run: quiet }, "either every or dailyAt"],
    [{ name: "a", every: 1, dailyAt: { hour: 1 }, run: quiet }, "either every or dailyAt"],
    [{ name: "a", every: 0, run: quiet }, "job.every"],
    [{ name: "a", every: Number.NaN, run: quiet }, "job.every"],
    [{ name: "a", every: 2 ** 31, run: quiet }, "job.every"],
    [{ name: "a", dailyAt: { hour: 24 }, run: quiet }, "job.dailyAt.hour"],
    [{ name: "a", dailyAt: { hour: 1, minute: 60 }, run: quiet }, "job.dailyAt.minute"],
    [{ name: "a", dailyAt: 9, run: quiet }, "job.dailyAt"],
    [{ name: "a", every: 1 }, "job.run"],
    [undefined, "job"],
  ])("is refused with a mistake in it: %j", async (job, named) => {
    const { baldur } = await started();
    expect(() => baldur.scheduler.add(job as never)).toThrow(named);
  });

  it("has a name of its own, and waits for the start of the runtime", async () => {
    expect(() => testRuntime().baldur.scheduler.add({ name: "a", every: 1, run: quiet })).toThrow(
      "once start()",
    );
    expect(testRuntime().baldur.scheduler).toMatchObject({ leading: false });
    const { baldur } = await started();
    const added = baldur.scheduler.add({ name: "a", every: 1, run: quiet });
    expect(() => baldur.scheduler.add({ name: "a", every: 1, run: quiet })).toThrow(
      "a name that is not taken",
    );
    added[Symbol.dispose]();
    baldur.scheduler.add({ name: "a", every: 1, run: quiet });
  });

  it("may be a plugin's", async () => {
    let runs = 0;
    const plugin: Plugin = {
      name: "acme",
      register: ({ runtime }) =>
        void runtime.scheduler.add({ name: "acme", every: 1000, run: () => void runs++ }),
    };
    const { clock } = await started({ plugins: [plugin] });
    await clock.advance(1000);
    expect(runs).toBe(1);
  });

  it("does not run where the settings name it, and a name that there is not is told", async () => {
    const env = { BALDUR_SCHEDULER_DISABLED_JOBS: "a, typo" };
    const { baldur, clock, telemetry } = await started({ env });
    let runs = 0;
    baldur.scheduler.add({ name: "a", every: 1000, run: () => void runs++ });
    baldur.scheduler.add({ name: "b", every: 1000, run: () => void runs++ });
    await clock.advance(MINUTE);
    expect(runs).toBe(60);
    expect(baldur.scheduler.jobs()).toMatchObject([
      { name: "a", enabled: false },
      { name: "b", enabled: true },
    ]);
    expect(telemetry.named("scheduler.unknown_job_disabled").map(({ payload }) => payload)).toEqual([
      { job: "typo", known: ["a", "b"] },
    ]);
  });
});

describe("the scheduler", () => {
  it("stands for no election and has no timer while there are no jobs, or the settings say so", async () => {
    const { baldur, clock, seat } = await started();
    const before = clock.pending;
    expect(seat.asked).toEqual([]);
    const off = await started({ env: { BALDUR_SCHEDULER_AUTOSTART: "false" } });
    off.baldur.scheduler.add({ name: "a", every: 1000, run: quiet });
    expect([off.seat.asked, off.clock.pending]).toEqual([[], before]);
    baldur.scheduler.add({ name: "a", every: 1000, run: quiet });
    expect(seat.asked).toEqual(["start"]);
  });

  it("runs nothing where another process leads, and stops what runs when it is succeeded", async () => {
    const seat = new Seat();
    seat.leads = false;
    const { baldur, clock } = await started({}, seat);
    let runs = 0;
    let aborted: AbortSignal | undefined;
    const run = (signal: AbortSignal) => {
      runs++;
      aborted = signal;
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    };
    baldur.scheduler.add({ name: "a", every: 1000, run });
    await clock.advance(10_000);
    expect([runs, baldur.scheduler.leading]).toEqual([0, false]);
    expect(baldur.scheduler.jobs()[0]).not.toHaveProperty("nextRunAt");
    seat.become(true);
    await clock.advance(1000);
    expect([runs, baldur.scheduler.leading]).toEqual([1, true]);
    seat.become(false);
    await clock.advance(5000);
    expect(aborted?.reason).toMatchObject({ message: "another process leads" });
    expect(baldur.scheduler.jobs()[0]).toMatchObject({ runs: 0, errors: 0, running: false });
    expect(runs).toBe(1);
  });

  it("never leads where the fleet is to elect and nothing does so, and tells that once", async () => {
    const env = { BALDUR_LEADER_ELECTION_ENABLED: "true", BALDUR_LEADER_ELECTION_BACKEND: "kubernetes" };
    const { baldur, clock, telemetry } = testRuntime({ env });
    await baldur.start();
    let runs = 0;
    for (const name of ["a", "b"]) baldur.scheduler.add({ name, every: 1000, run: () => void runs++ });
    await clock.advance(10_000);
    expect([runs, baldur.scheduler.leading]).toEqual([0, false]);
    const told = telemetry.named("leader_election.provider_unavailable").map(({ payload }) => payload);
    expect(told).toEqual([
      { backend: "kubernetes", resource_name: "scheduler", hint: expect.stringContaining("install") },
    ]);
  });

  it("goes on without an elector that breaks", async () => {
    const seat = new Seat();
    seat.start = () => Promise.reject(failure("no quorum"));
    seat.stop = () => Promise.reject(failure("no quorum"));
    const { baldur, telemetry } = await started({}, seat);
    baldur.scheduler.add({ name: "a", every: 1000, run: quiet });
    expect((await baldur.close()).clean).toBe(true);
    expect(telemetry.named("leader_election.election_failed")).toHaveLength(2);
  });

  it("is refused with settings that let a lease end between two renewals", async () => {
    const env = {
      BALDUR_LEADER_ELECTION_LEASE_TTL_SECONDS: "10",
      BALDUR_LEADER_ELECTION_RENEW_INTERVAL_SECONDS: "5",
    };
    expect(await errorOf(testRuntime({ env }).baldur.start())).toMatchObject({
      message: expect.stringContaining("must be less than half"),
    });
  });
});

describe("what is known of earlier runs", () => {
  interface World {
    readonly documents: MemoryDocumentStore;
    readonly clock: FakeClock;
  }

  function world(): World {
    const clock = createFakeClock();
    return { documents: new MemoryDocumentStore(clock, () => undefined), clock };
  }

  function historyOf({ documents, clock }: World, told: string[] = []): JobHistory {
    const report = (event: { name: string }): void => void told.push(event.name);
    return new JobHistory({ documents, clock, telemetry: { report } as never });
  }

  it("is shared: no run is lost where processes write at once", async () => {
    const shared = world();
    const histories = [historyOf(shared), historyOf(shared), historyOf(shared)];
    for (let n = 0; n < 10; n++) for (const history of histories) history.add("a", { at: n });
    await Promise.all(histories.map((history) => history.flush()));
    const reader = historyOf(shared);
    await reader.load();
    expect(reader.of("a")).toEqual({ runs: 30, errors: 0, lastRunAt: 9 });
  });

  it("counts what is not written yet, and what happens while it is being written", async () => {
    const history = historyOf(world());
    history.add("a", { at: 1 });
    const flushing = history.flush();
    history.add("a", { at: 2, error: "x" });
    expect(history.of("a")).toEqual({ runs: 2, errors: 1, lastRunAt: 2, lastError: "x" });
    await flushing;
    expect(history.of("a")).toMatchObject({ runs: 2, errors: 1 });
    await history.flush();
    expect(history.of("a")).toMatchObject({ runs: 2, errors: 1 });
  });

  it("waits while the store is away, which is told once, and is written afterwards", async () => {
    const shared = world();
    const told: string[] = [];
    let away = true;
    const documents = {
      read: (key: string) => shared.documents.read(key),
      compareAndSet: (...args: Parameters<MemoryDocumentStore["compareAndSet"]>) =>
        away ? Promise.reject(failure("away")) : shared.documents.compareAndSet(...args),
    };
    const history = historyOf({ ...shared, documents } as never, told);
    for (let n = 0; n < 3; n++) {
      history.add("a", { at: n });
      await history.flush();
    }
    expect(told).toEqual(["scheduler.history_unavailable"]);
    away = false;
    await history.flush();
    const reader = historyOf(shared);
    await reader.load();
    expect(reader.of("a")).toMatchObject({ runs: 3, lastRunAt: 2 });
  });

  it.each([
    [{ a: 1 }],
    [{ a: { runs: -1, errors: 0 } }],
    [{ a: { runs: 1, errors: "0" } }],
    [{ a: { runs: 1, errors: 0, lastRunAt: "now" } }],
    [["a"]],
  ])("that is damaged counts as absent: %j", async (value) => {
    const shared = world();
    await shared.documents.compareAndSet("scheduler.jobs", 0, value);
    const history = historyOf(shared);
    await history.load();
    expect(history.of("a")).toEqual({ runs: 0, errors: 0 });
    history.add("a", { at: 1 });
    await history.flush();
    expect(history.of("a")).toMatchObject({ runs: 1 });
  });

  it("is kept of five hundred jobs, those that ran last", async () => {
    const shared = world();
    const history = historyOf(shared);
    for (let n = 0; n < 600; n++) history.add(`job-${n}`, { at: n });
    await history.flush();
    const document = await shared.documents.read("scheduler.jobs");
    const names = Object.keys(document?.value as object);
    expect([names.length, names.includes("job-99"), names.includes("job-100")]).toEqual([500, false, true]);
  });

  /** One life of a process with a daily and an hourly job, on a store that outlives it. */
  async function life(shared: World, hours: number): Promise<string[]> {
    const seat = new Seat();
    const ran: string[] = [];
    const scheduler = new RuntimeScheduler({
      clock: hotClock(shared.clock),
      telemetry: new TelemetryHub(shared.clock),
      settings: { autostart: true, disabledJobs: undefined },
      history: historyOf(shared),
      control: { enabled: true },
      elector: () => seat,
    });
    const nine = { hour: 9 };
    const note = (name: string) => () => void ran.push(`${name} ${new Date(shared.clock.now()).getHours()}`);
    scheduler.add({ name: "daily", dailyAt: nine, run: note("daily") });
    scheduler.add({ name: "six-hourly", every: 6 * HOUR, run: note("six-hourly") });
    scheduler.start();
    await shared.clock.advance(hours * HOUR);
    await scheduler.close(0);
    return ran;
  }

  it("[BUG] outlives the process: no job runs just because it started, and what was missed is made up for once", async () => {
    const start = new Date(2026, 0, 1, 0, 0).getTime();
    const clock = createFakeClock(start);
    const shared = { documents: new MemoryDocumentStore(clock, () => undefined), clock };
    expect(await life(shared, 2)).toEqual([]); // until 2 o'clock
    expect(await life(shared, 8)).toEqual(["six-hourly 8", "daily 9"]); // the first run counts from this start
    expect(await life(shared, 1)).toEqual([]); // until 11 o'clock
    expect(await life(shared, 4)).toEqual(["six-hourly 14"]); // as the process before would have
    await clock.advance(3 * 24 * HOUR); // nobody runs
    expect(await life(shared, 1)).toEqual(["daily 15", "six-hourly 15"]);
    expect(await life(shared, 1)).toEqual([]);
  });
});
