import { createFakeClock } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import { MemoryDocumentStore } from "../../src/documents/stores/memory.js";
import { leaderSlot } from "../../src/slots/leader.js";
import type { Notification, NotificationResult } from "../../src/slots/notifier.js";
import { errorOf, testRuntime } from "../runtime.js";
import { DAY, type Given, HOUR, NOON, overview, Process } from "./fixture.js";

const MINUTE = 60_000;
const YESTERDAY = "2026-03-09";
const TIMEOUTS = { TIMEOUT: { count: 2, domains: ["payments"] } };
const QUIET = "All quiet — 0 processed, 0 alerts";

/** A process on the day after it was told something. */
async function dayAfter(tell: (process: Process) => void, given: Given = {}): Promise<Process> {
  const clock = given.clock ?? createFakeClock(NOON - DAY);
  const process = new Process({ ...given, clock });
  tell(process);
  await clock.advance(DAY);
  return process;
}

describe("the report of today", () => {
  it("is there from the beginning, and says that all is quiet", async () => {
    expect(await new Process().reports.daily()).toEqual({
      date: "2026-03-10",
      title: QUIET,
      severity: "info",
      circuit_transitions: 0,
      circuit_opened: 0,
      circuit_closed: 0,
      task_failures: 0,
      critical_alerts: 0,
      custom_counts: {},
      entries: [],
    });
  });

  it("leaves out what nothing counts: absent is not 0", async () => {
    const without = await new Process().reports.daily();
    expect(without).not.toHaveProperty("dlq_new_entries");
    expect(without).not.toHaveProperty("dlq_pending");
    const failing = new Process({ failures: () => Promise.reject(new Error("away")) });
    expect(await failing.reports.daily()).not.toHaveProperty("dlq_pending");
    const kept = new Process({ failures: async () => overview({}) });
    expect(await kept.reports.daily()).toMatchObject({ dlq_new_entries: 0, dlq_pending: 0, title: QUIET });
  });

  it("shows what waits, by kind of failure, with what to do about it", async () => {
    const types = { ...TIMEOUTS, ODD: { count: 1, domains: ["mail"] } };
    const { reports } = new Process({ failures: async () => overview({ pending: 3 }, types) });
    const report = await reports.daily();
    expect(report?.title).toBe("0 processed, 0 alerts");
    expect(report).toMatchObject({
      dlq_pending: 3,
      pending_breakdown: {
        total: 3,
        by_domain: { payments: 2, mail: 1 },
        by_failure_type: {
          TIMEOUT: { count: 2, domains: ["payments"], action: expect.stringContaining("backoff") },
          ODD: { count: 1, action: expect.stringContaining("by hand") },
        },
      },
    });
  });

  it.each([
    ["CIRCUIT_OPEN_ERROR", "once its circuit closes"],
    ["TIMEOUT_POLICY_ERROR", "allow more time"],
    ["BULKHEAD_FULL_ERROR", "fewer calls"],
    ["MAX_RETRIES_TIMEOUT", "backoff"],
    ["MAX_RETRIES_TYPE_ERROR", "by hand"],
  ])("knows what helps against %s, as capture names it", async (type, advice) => {
    const types = { [type]: { count: 3, domains: ["payments"] } };
    const { reports } = new Process({ failures: async () => overview({ pending: 3 }, types) });
    const report = await reports.daily();
    expect(report?.pending_breakdown?.by_failure_type[type]?.action).toContain(advice);
  });

  it.each([
    ["info", "circuit_breaker.opened", "warning"],
    ["warning", "scheduler.job_failed", "warning"],
    ["critical", "a.b", "critical"],
  ] as const)("is %s after %s", async (severity, name, level) => {
    const one = new Process();
    one.tell(name, {}, level);
    const report = await one.reports.daily();
    expect(report?.severity).toBe(severity);
    expect(report?.title).not.toBe(QUIET);
  });

  it("counts what was processed once, though it has several names", async () => {
    const one = new Process();
    one.tell("circuit_breaker.opened", { trigger: "failures" });
    one.tell("dlq.entries_expired", { entries: 2 });
    one.tell("dlq_replay.completed", { success: true, trigger: "auto_replay_circuit_close" }, "info");
    const batch = { trigger: "auto_replay_circuit_close", success_count: 1, failed_count: 0 };
    one.tell("dlq_replay.batch_completed", batch, "info");
    one.tell("scheduler.job_failed", { job: "a" });
    expect((await one.reports.daily())?.title).toBe("4 processed, 1 alerts");
  });

  it("counts neither what operators did as processed, nor what was captured", async () => {
    const one = new Process();
    one.tell("circuit_breaker.opened", { trigger: "manual" });
    one.tell("circuit_breaker.closed", { trigger: "manual" });
    one.tell("dlq.entry_created", { count: 5 }, "info");
    one.tell("dlq_replay.completed", { success: true, trigger: "manual_replay" }, "info");
    one.tell("dlq.entry_operated", { action: "resolve", success: true }, "info");
    expect(await one.reports.daily()).toMatchObject({
      title: "0 processed, 0 alerts",
      circuit_transitions: 2,
      dlq_new_entries: 5,
      dlq_resolved: 2,
    });
  });

  it("is not quiet where only warnings were counted, by their names", async () => {
    const one = new Process();
    one.tell("a.b", {}, "warning");
    expect(await one.reports.daily()).toMatchObject({
      title: "0 processed, 0 alerts",
      custom_counts: { "a.b": 1 },
    });
  });
});

describe("the report of a day that is over", () => {
  it("is there without being made, as far as it was counted", async () => {
    const one = await dayAfter((process) => process.tell("circuit_breaker.opened"));
    expect(await one.reports.daily(YESTERDAY)).toMatchObject({ date: YESTERDAY, circuit_opened: 1 });
    expect(await one.reports.daily("2026-03-08")).toBeUndefined();
    expect(await one.reports.daily("2026-03-11")).toBeUndefined();
  });

  it("is not shown once it is too old", async () => {
    const one = await dayAfter((process) => process.tell("circuit_breaker.opened"), {
      settings: { keep: 3 * DAY },
    });
    await one.clock.advance(DAY);
    expect(await one.reports.daily(YESTERDAY)).toBeDefined();
    await one.clock.advance(DAY);
    expect(await one.reports.daily(YESTERDAY)).toBeUndefined();
  });

  it.each(["yesterday", "2026-3-1", "2026-02-30", "", 20260310])(
    "is refused for what is no day: %p",
    async (date) => {
      expect(await errorOf(new Process().reports.daily(date as string))).toMatchObject({
        code: "ERR_BALDUR_CONFIGURATION",
      });
    },
  );
});

describe("a trend", () => {
  it("has the latest days first, and leaves out those that nothing is known of", async () => {
    const one = await dayAfter((process) => process.tell("circuit_breaker.opened"));
    await one.clock.advance(2 * DAY);
    expect(await one.reports.trend(7)).toEqual([
      expect.objectContaining({ date: "2026-03-12", circuit_opened: 0 }),
      { date: YESTERDAY, severity: "info", circuit_opened: 1, circuit_closed: 0, task_failures: 0 },
    ]);
    expect(await one.reports.trend(1)).toHaveLength(1);
    expect(await one.reports.trend(100_000)).toHaveLength(2);
  });

  it.each([0, -1, 1.5, Number.NaN, "7", undefined])("is refused for %p days", async (days) => {
    expect(await errorOf(new Process().reports.trend(days as number))).toMatchObject({
      code: "ERR_BALDUR_CONFIGURATION",
    });
  });
});

describe("the job that makes a report", () => {
  it("keeps what waited then, tells, and counts", async () => {
    let waiting = overview({ pending: 2 }, TIMEOUTS);
    const one = await dayAfter((process) => process.tell("dlq.entry_created", { count: 2 }, "info"), {
      failures: async () => waiting,
    });
    await one.runJob();
    waiting = overview({});
    expect(await one.reports.daily(YESTERDAY)).toMatchObject({
      dlq_new_entries: 2,
      dlq_pending: 2,
      pending_breakdown: { total: 2 },
    });
    expect(one.named("daily_report.generated")).toEqual([
      { date: YESTERDAY, severity: "info", title: "0 processed, 0 alerts" },
    ]);
    expect(one.value("baldur_daily_report_generated_total")).toBe(1);
    expect(one.value("baldur_daily_report_last_generated_timestamp_seconds")).toBe(NOON / 1000);
  });

  it("skips a day on which nothing happened and nothing waits", async () => {
    const one = await dayAfter(() => undefined, { failures: async () => overview({ resolved: 7 }) });
    await one.runJob();
    expect(one.value("baldur_daily_report_skipped_total")).toBe(1);
    expect(one.named("daily_report.generated")).toEqual([]);
    expect(await one.reports.daily(YESTERDAY)).toBeUndefined();
    const backlog = await dayAfter(() => undefined, {
      failures: async () => overview({ pending: 2 }, TIMEOUTS),
    });
    await backlog.runJob();
    expect(await backlog.reports.daily(YESTERDAY)).toMatchObject({ dlq_pending: 2 });
  });

  it("takes in what another process adds to the day later", async () => {
    const clock = createFakeClock(Date.parse("2026-03-09T23:59:50Z"));
    const documents = new MemoryDocumentStore(clock);
    const [one, other] = [new Process({ clock, documents }), new Process({ clock, documents })];
    one.tell("circuit_breaker.opened");
    await one.reports.close();
    other.tell("circuit_breaker.opened");
    await clock.advance(15_000);
    await new Process({ clock, documents }).runJob();
    await clock.advance(MINUTE);
    expect(await other.reports.daily(YESTERDAY)).toMatchObject({ circuit_opened: 2 });
  });

  it("runs once a day where a process leads", async () => {
    const elector = {
      resource: "scheduler",
      state: "leader" as const,
      isLeader: () => true,
      leader: () => undefined,
      fencingToken: () => undefined,
      onChange: () => ({ [Symbol.dispose]: () => undefined }),
      start: async () => undefined,
      stop: async () => undefined,
    };
    const { baldur, clock, telemetry } = testRuntime({
      env: { BALDUR_DAILY_REPORT_ENABLED: "true", BALDUR_DAILY_REPORT_DEFAULT_HOUR: "0" },
      settings: { precomputedCache: { enabled: false } },
      plugins: [
        {
          name: "elects",
          register: ({ fill }) => fill(leaderSlot, { kind: "test", elector: () => elector }),
        },
      ],
    });
    await baldur.start();
    expect(baldur.scheduler.jobs()).toMatchObject([
      { name: "daily_report", dailyAt: { hour: 0, minute: 0 } },
    ]);
    await baldur.circuit("x").forceOpen({ actor: "ada", reason: "a test" });
    await clock.advance(2 * DAY + HOUR);
    expect(telemetry.named("daily_report.generated")).toHaveLength(1);
    expect(telemetry.value("baldur_scheduler_job_runs_total")).toBeGreaterThanOrEqual(2);
    await baldur.close();
  });
});

describe("what a licence would add", () => {
  const told = async (age: number, given: Given = {}): Promise<unknown> => {
    const clock = createFakeClock(NOON);
    const documents = given.documents ?? new MemoryDocumentStore(clock);
    const first = new Process({ clock, documents, isEntitled: () => false, ...given });
    first.tell("circuit_breaker.opened");
    await first.reports.daily(); // the marker is made
    await clock.advance(age * DAY);
    const one = new Process({ clock, documents, isEntitled: () => false, ...given });
    one.tell("circuit_breaker.opened");
    return (await one.reports.daily())?.shadow_pro;
  };

  it.each([
    [0, true],
    [29, true],
    [30, false],
    [35, true],
    [37, false],
  ])("is told daily for thirty days, then weekly: %i days after the first", async (age, isTold) => {
    expect(await told(age)).toEqual(
      isTold
        ? {
            cb_trips_without_auto_degradation: 1,
            hint: "BALDUR_DAILY_REPORT_SHADOW_PRO_MODE=off leaves this out",
          }
        : undefined,
    );
  });

  it.each([
    ["off", 0, false],
    ["daily", 37, true],
    ["weekly", 6, false],
    ["weekly", 7, true],
  ] as const)("is told as the settings say: %s, on day %i", async (shadowMode, age, isTold) => {
    expect((await told(age, { settings: { shadowMode } })) !== undefined).toBe(isTold);
  });

  it("is told as on the first day where nobody knows which one it is", async () => {
    class Forgetful extends MemoryDocumentStore {
      override async read(key: string) {
        if (key === "install_marker") throw new Error("unreadable");
        return super.read(key);
      }
    }
    expect(await told(30, { documents: new Forgetful(createFakeClock()) })).toBeDefined();
  });

  it("is not told with a licence: then what was done by itself is", async () => {
    const one = new Process({ isEntitled: () => true });
    one.tell("circuit_breaker.opened");
    const batch = { trigger: "auto_replay_circuit_close", success_count: 4, failed_count: 1 };
    one.tell("dlq_replay.batch_completed", batch, "info");
    const report = await one.reports.daily();
    expect(report).not.toHaveProperty("shadow_pro");
    expect(report?.automated_actions).toEqual({
      auto_replay_batches: 1,
      auto_replay_recovered: 4,
      auto_replay_failed: 1,
    });
    expect(report?.entries).toMatchObject([{ task_name: "auto_replay_batch", severity: "info" }]);
  });

  it("is not told on a day that has nothing of it, or only what an operator did", async () => {
    const one = new Process({ isEntitled: () => false });
    expect(await one.reports.daily()).not.toHaveProperty("shadow_pro");
    one.tell("circuit_breaker.opened", { trigger: "manual" });
    expect(await one.reports.daily()).not.toHaveProperty("shadow_pro");
    one.tell("circuit_breaker.opened", { trigger: "failures" });
    expect(await one.reports.daily()).toMatchObject({ shadow_pro: { cb_trips_without_auto_degradation: 1 } });
  });
});

describe("a report that is sent", () => {
  const answer = (result: Partial<NotificationResult>): NotificationResult => ({
    success: true,
    suppressed: false,
    channelsSent: [],
    channelsFailed: [],
    errors: {},
    ...result,
  });
  const opened = (process: Process): void => process.tell("circuit_breaker.opened");

  it("goes to the channels of the settings, in figures", async () => {
    const sent: Notification[] = [];
    const notifier = async (notification: Notification) => {
      sent.push(notification);
      return answer({ channelsSent: ["slack"] });
    };
    await (await dayAfter(opened, { notifier })).runJob();
    expect(sent).toMatchObject([
      {
        title: `${YESTERDAY}: 1 processed, 0 alerts`,
        message: "circuit transitions: 1\ncircuit opened: 1",
        priority: "info",
        category: "report",
        channels: ["slack"],
        dedupKey: `daily_report:${YESTERDAY}`,
      },
    ]);
  });

  it("is tried again as often as the settings say, and made once", async () => {
    let tries = 0;
    const notifier = async () =>
      ++tries < 3
        ? answer({ success: false, channelsFailed: ["slack"], errors: { slack: "500" } })
        : answer({});
    const one = await dayAfter(opened, { notifier });
    const running = one.runJob();
    await one.clock.advance(599_999);
    expect(tries).toBe(2);
    await one.clock.advance(1);
    await running;
    expect(one.named("daily_report.send_failed")).toEqual([
      { date: YESTERDAY, error: "500", attempt: 1 },
      { date: YESTERDAY, error: "500", attempt: 2 },
    ]);
    expect(one.named("daily_report.generated")).toHaveLength(1);
    expect(one.value("baldur_daily_report_delivery_total")).toBe(2);
  });

  it("fails the job when it never goes out, or the runtime closes meanwhile", async () => {
    const notifier = async () => answer({ success: false });
    const one = await dayAfter(opened, { notifier, settings: { maxRetries: 0 } });
    expect(await errorOf(one.runJob())).toMatchObject({ message: "no channel took it" });
    const closing = await dayAfter(opened, { notifier });
    const stop = new AbortController();
    const failed = errorOf(closing.reports.job?.run(stop.signal) as Promise<void>);
    await closing.clock.advance(1000);
    stop.abort();
    await failed;
    expect(closing.clock.pending).toBeLessThanOrEqual(1); // what was counted meanwhile
  });

  it("may be kept back on purpose", async () => {
    const one = await dayAfter(opened, { notifier: async () => answer({ suppressed: true }) });
    await one.runJob();
    expect(one.named("daily_report.send_failed")).toEqual([]);
    expect(one.value("baldur_daily_report_delivery_total")).toBe(1);
  });
});
