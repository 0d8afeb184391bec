import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { QueueSetup, TestQueue } from "./runtime.js";

jest.unstable_mockModule("../../src/spill/stderr.js", () => ({ writeToStderr: () => true }));
const { down, errorOf, HOUR, MINUTE, SharedMap, started, TestGovernance, turn, until, upTo, Work } =
  await import("./runtime.js");
const { providing, refusing } = await import("./servers.js");
const { SpillFile } = await import("../../src/spill/spill.js");

const { declarations } = await import("../../src/index.js");
const { events, metrics } = declarations();
const emitted = new Set<string>();
const moved = new Set<string>();

const open: TestQueue[] = [];
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "baldur-declared-"));
});
afterEach(async () => {
  for (const each of open.splice(0)) {
    watch(each);
    await each[Symbol.asyncDispose]();
    watch(each);
  }
  rmSync(folder, { recursive: true, force: true });
});

async function begin(setup: QueueSetup = {}): Promise<TestQueue> {
  const queue = await started({ folder, ...setup });
  open.push(queue);
  return queue;
}

/** Notes what was told and measured, and that it is as declared. */
function watch({ telemetry, baldur }: TestQueue): void {
  for (const { name } of telemetry.events) emitted.add(name);
  for (const { name, value, count } of baldur.telemetry.metrics()) {
    const isGauge = metrics.some((metric) => metric.name === name && metric.kind === "gauge");
    if (isGauge || (value ?? count ?? 0) > 0) moved.add(name);
  }
}

const control = { actor: "ann", reason: "test" };

describe("what is declared happens:", () => {
  it("capture", async () => {
    const q = await begin({
      map: new SharedMap(false),
      automatic: false,
      env: {
        DLQ_OVERFLOW_STRATEGY: "reject",
        DLQ_MAX_SIZE_PER_DOMAIN: "100",
        DLQ_REQUEST_DATA_MAX_BYTES: "256",
      },
    });
    const work = new Work(q);
    await work.fail({ password: "x" }, "x".repeat(999));
    await Promise.all(upTo(101).map(() => q.queue.store({ name: "n", domain: "d", failureType: "F" })));
    await q.queue.store({ name: "Not A Domain", failureType: "F" });
  });

  it("overflow", async () => {
    const env = { DLQ_MAX_SIZE_PER_DOMAIN: "100", DLQ_EXPIRY_HOURS: "1" };
    const q = await begin({ env, automatic: false, replay: { concurrency: 200, rate: 1e6 } });
    q.baldur.onReplay("n", () => new Promise((resolve) => q.clock.setTimeout(() => resolve(1), HOUR)));
    const add = () => q.queue.store({ name: "n", domain: "d", failureType: "F" });
    await Promise.all(upTo(101).map(add)); // one too many
    const batch = q.queue.replayBatch({ maxItems: 100 });
    await q.clock.advance(MINUTE);
    await add(); // all others are being worked on
    await q.clock.advance(HOUR);
    await batch;
  });

  it("a store that fails, and then everything", async () => {
    const q = await begin({ env: { DLQ_OUTBOX_CAPACITY: "100" } });
    const dead = `${2 ** 22 + 1}-00000000deadbeef.spill`;
    mkdirSync(join(folder, "spill"), { mode: 0o700 });
    writeFileSync(join(folder, "spill", dead), "damage\n");
    q.map.hold();
    const first = q.queue.store({ name: "n", failureType: "F" });
    await turn();
    const rest = upTo(110).map(() => q.queue.store({ name: "n", failureType: "F" }));
    q.map.letGo();
    await Promise.all([first, ...rest]);
    q.map.broken = "all";
    const fail = () => q.queue.store({ name: "n", failureType: "F" });
    await fail();
    const append = jest.spyOn(SpillFile.prototype, "append").mockRejectedValue(new Error("no disk"));
    await q.clock.advance(MINUTE);
    await fail();
    append.mockRestore();
    q.map.broken = "none";
    await until(q, () => q.telemetry.named("dlq.spill_absorbed").length > 0);
    const [newest] = (await q.queue.list({ limit: 1 })).items;
    await q.map.put(`dlq/entry/${newest?.id}`, "damage");
    await q.queue.list();
    await turn();
  });

  it("servers that are not as they should be", async () => {
    await begin({ plugins: [providing({ sql: refusing("sql") })] });
    const info = async () => ["aof_enabled:0"];
    await begin({ plugins: [providing({ redis: refusing("redis", { batch: info }) })] });
    await turn();
  });

  it("a shutdown that ran out of time", async () => {
    const q = await begin();
    q.map.hold();
    void q.queue.store({ name: "n", failureType: "F" });
    await turn();
    await q.close();
  });

  it("replay", async () => {
    const governance = new TestGovernance();
    const q = await begin({ automatic: false, plugins: [governance.plugin] });
    const work = new Work(q);
    const [id, other] = (await work.fail(1, 2)) as [string, string];
    governance.blockedBy = "manually_blocked";
    await q.queue.replay(id);
    governance.blockedBy = undefined;
    governance.throws = true;
    await q.queue.replay(id, control);
    await q.queue.replay(id);
    await q.queue.forceRedrive(id, control);
    await q.queue.replay(id);
    work.recover();
    await q.during(q.queue.replayBatch({}));
    await q.queue.forceRedrive(id, control);
    await q.queue.archive({ olderThan: 0 });
    await q.queue.purge({ ids: [other] });
    await q.baldur.protectWithMeta("nobody", down, { dlq: true });
    await q.during(q.queue.replayBatch({}));
    await q.baldur.control.enableDryRun(control);
    await q.queue.replayBatch({});
  });

  it("a batch that takes long", async () => {
    const q = await begin({ automatic: false, replay: { rate: 1, concurrency: 1 } });
    const work = new Work(q);
    await work.fail(...upTo(5));
    work.recover();
    await q.during(q.queue.replayBatch({}));
  });

  it("claims that are lost, and outcomes that cannot be stored", async () => {
    const env = { DLQ_STALE_REPLAYING_TIMEOUT_MINUTES: "1", DLQ_EXPIRY_HOURS: "1" };
    const q = await begin({ automatic: false, env });
    const work = new Work(q);
    const [slow, unsettled] = (await work.fail(1, 2)) as [string, string];
    work.behave = () => new Promise((resolve) => q.clock.setTimeout(() => resolve(1), 5 * MINUTE));
    await q.during(q.queue.replay(slow));
    work.behave = () => {
      q.map.broken = "writes";
    };
    await q.queue.replay(unsettled);
    q.map.broken = "none";
    await q.clock.advance(2 * HOUR);
  });

  it("automation, and what it meets", async () => {
    const q = await begin({ env: { DLQ_DOMAIN_CARDINALITY_ALERT_THRESHOLD: "1", DLQ_EXPIRY_HOURS: "1" } });
    const work = new Work(q);
    await work.fail(1);
    await q.baldur.protectWithMeta("nobody", down, { dlq: true });
    await q.clock.advance(20 * MINUTE);
    q.map.broken = "all";
    await q.clock.advance(2 * MINUTE);
    q.map.broken = "none";
    await q.clock.advance(10_000);
    await q.baldur.circuit("orders").forceOpen(control);
    await q.baldur.circuit("orders").forceClose({ ...control, triggerReplay: true });
    await q.clock.advance(2 * HOUR);
  });
});

describe("everything", () => {
  it("that is declared as an event is told", () => {
    expect(events.map(({ name }) => name).filter((name) => !emitted.has(name))).toEqual([]);
  });

  it("that is declared as a metric moves", () => {
    expect(metrics.map(({ name }) => name).filter((name) => !moved.has(name))).toEqual([]);
  });

  it("that is told by the package is declared", () => {
    const own = [...emitted].filter((name) => /^dlq/.test(name));
    const declared = new Set([...events.map(({ name }) => name), "dlq.capture_failed"]);
    expect(own.filter((name) => !declared.has(name))).toEqual([]);
  });

  it("is declared once, with words for people", () => {
    for (const names of [events.map(({ name }) => name), metrics.map(({ name }) => name)])
      expect(new Set(names).size).toBe(names.length);
    for (const { help } of [...events, ...metrics]) expect(help.length).toBeGreaterThan(10);
    for (const { name, code, base } of declarations().errors) {
      expect(code).toBe(
        `ERR_BALDUR_${name
          .replace(/Error$/, "")
          .replace(/([a-z])([A-Z])/g, "$1_$2")
          .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
          .toUpperCase()}`,
      );
      expect(base).toBe("DLQError");
    }
  });

  it("that can be mistaken is an error of the base, with its facts", async () => {
    const q = await begin({ automatic: false });
    const id = "0mjuohs00-0123456789abcdef-0000";
    const missing = await errorOf(q.queue.replay(id));
    expect(missing).toMatchObject({ name: "DLQEntryNotFoundError", entryId: id });
    const { DLQError, isBaldurError } = await import("@baldur/core");
    expect(missing).toBeInstanceOf(DLQError);
    expect(isBaldurError(missing) && missing.context()).toEqual({ entryId: id });
  });
});
