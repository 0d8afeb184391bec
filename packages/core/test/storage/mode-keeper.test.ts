import { createFakeClock, recordTelemetry } from "@baldur/testkit";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import { ModeKeeper, type ModeKeeperParts, type RecoveryRun } from "../../src/storage/mode-keeper.js";
import { TelemetryHub } from "../../src/telemetry/telemetry.js";
import { runs, turn } from "../runtime.js";
import { FakeRedis, FakeServer } from "./fake-redis.js";

const INTERVAL = 5000;

function keep(parts: Partial<ModeKeeperParts> = {}) {
  const clock = createFakeClock();
  const hub = new TelemetryHub(clock);
  const telemetry = recordTelemetry({ telemetry: hub });
  const redis = new FakeRedis(new FakeServer(() => clock.now()));
  const did = { recoveries: [] as number[], heartbeats: 0, lost: [] as string[] };
  const keeper = new ModeKeeper({
    client: redis,
    clock,
    random: () => 0,
    telemetry: hub,
    settings: { autoRecovery: true, recoveryJitterMax: INTERVAL, recoveryProbeInterval: INTERVAL },
    fallback: "/wal",
    ping: () => redis.command("PING"),
    recover: async ({ succeed }) => {
      did.recoveries.push(clock.monotonic());
      succeed();
    },
    heartbeat: async () => void did.heartbeats++,
    onLost: (reason) => void did.lost.push(reason),
    ...parts,
  });
  keeper.start();
  return { clock, telemetry, redis, keeper, did };
}

let kept: ReturnType<typeof keep>;
beforeEach(() => {
  kept = keep();
});
afterEach(() => kept.keeper.close());

const names = ({ telemetry } = kept) =>
  telemetry.events.map(({ name }) => name.replace("resilient_storage.", ""));

describe("a storage whose Redis goes away", () => {
  it("is degraded at once when the client says so, and that is told once", async () => {
    const { keeper, redis, telemetry, did } = kept;
    expect(keeper.mode).toBe("normal");
    redis.down();
    expect(keeper.mode).toBe("degraded");
    keeper.lost("an operation failed");
    redis.up();
    redis.down();
    expect(names()).toEqual(["degraded_mode_entered"]);
    expect(telemetry.events[0]).toMatchObject({
      level: "critical",
      payload: { reason: "the connection was lost", fallback: "/wal" },
    });
    expect(did.lost).toEqual(["the connection was lost"]);
    expect(telemetry.value("baldur_resilient_storage_degraded")).toBe(1);
  });

  it("is degraded at once when an operation says so", () => {
    kept.keeper.lost("Redis did not answer within 800 ms");
    expect(kept.keeper.mode).toBe("degraded");
  });

  it("is degraded from the start where Redis was not there", async () => {
    const redis = new FakeRedis(new FakeServer(() => 0));
    redis.down();
    const other = keep({ client: redis });
    expect(other.keeper.mode).toBe("degraded");
    await other.keeper.close();
  });

  it("gives heartbeats while it is so, and none before or after", async () => {
    const { clock, redis, did } = kept;
    await clock.advance(60_000);
    expect(did.heartbeats).toBe(0);
    redis.down();
    await clock.advance(4 * INTERVAL);
    expect(did.heartbeats).toBe(4);
    redis.up();
    await clock.advance(INTERVAL);
    const { heartbeats } = did;
    await clock.advance(60_000);
    expect({ mode: kept.keeper.mode, heartbeats: did.heartbeats }).toEqual({ mode: "normal", heartbeats });
  });
});

describe("a storage whose Redis comes back", () => {
  it("recovers by itself, without any operation", async () => {
    const { clock, redis, keeper, telemetry } = kept;
    redis.down();
    await clock.advance(60_000);
    expect(keeper.mode).toBe("degraded");
    redis.up();
    await clock.advance(1);
    expect(keeper.mode).toBe("normal");
    expect(names()).toEqual(["degraded_mode_entered", "redis_mode_recovered", "recovery_succeeded"]);
    expect(telemetry.named("resilient_storage.redis_mode_recovered")[0]?.payload).toEqual({
      degraded_for: 60_000,
    });
    expect(telemetry.value("baldur_resilient_storage_degraded")).toBe(0);
  });

  it("finds it out at the next interval where the client says nothing", async () => {
    const { clock, keeper, did } = kept;
    keeper.lost("an operation failed");
    await clock.advance(INTERVAL - 1);
    expect(did.recoveries).toEqual([]);
    await clock.advance(1);
    expect({ mode: keeper.mode, recoveries: did.recoveries }).toEqual({
      mode: "normal",
      recoveries: [INTERVAL],
    });
  });

  it("waits for a time that chance chooses, which never exceeds the least of jitter and interval", async () => {
    const settings = fc.record({
      recoveryJitterMax: fc.nat({ max: 30_000 }),
      recoveryProbeInterval: fc.integer({ min: 1000, max: 60_000 }),
    });
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const property = fc.asyncProperty(settings, chance, async (given, chosen) => {
      const other = keep({ settings: { autoRecovery: true, ...given }, random: () => chosen });
      other.redis.down();
      await other.clock.advance(1234);
      other.redis.up();
      await other.clock.advance(120_000);
      const [began = Number.NaN] = other.did.recoveries;
      const most = Math.min(given.recoveryJitterMax, given.recoveryProbeInterval);
      expect(began).toBeGreaterThanOrEqual(1234);
      expect(began).toBeLessThanOrEqual(1234 + most);
      expect(began - 1234).toBeCloseTo(chosen * most, 6);
      await other.keeper.close();
    });
    await fc.assert(property, { numRuns: runs(100) });
  });

  it("is not hurried or held up by a wall clock that jumps", async () => {
    const { clock, redis, keeper } = kept;
    redis.down();
    clock.set(clock.now() + 86_400_000);
    await clock.advance(INTERVAL);
    expect(keeper.mode).toBe("degraded");
    clock.set(0);
    redis.up();
    await clock.advance(1);
    expect(keeper.mode).toBe("normal");
    const [recovered] = kept.telemetry.named("resilient_storage.redis_mode_recovered");
    expect(recovered?.payload).toEqual({ degraded_for: INTERVAL });
  });

  it("waits to be told where it must not recover by itself", async () => {
    const settings = { autoRecovery: false, recoveryJitterMax: 5000, recoveryProbeInterval: 5000 };
    const other = keep({ settings });
    other.redis.down();
    expect(await other.keeper.checkAndRecover()).toBe(false);
    other.redis.up();
    await other.clock.advance(600_000);
    expect({ mode: other.keeper.mode, recoveries: other.did.recoveries }).toEqual({
      mode: "degraded",
      recoveries: [],
    });
    expect(other.did.heartbeats).toBeGreaterThan(100);
    expect(await other.keeper.checkAndRecover()).toBe(true);
    expect(other.keeper.mode).toBe("normal");
    expect(await other.keeper.checkAndRecover()).toBe(true);
    expect(other.did.recoveries).toHaveLength(1);
    await other.keeper.close();
  });
});

describe("a recovery", () => {
  it("that fails is told, and tried again at every interval", async () => {
    const attempts: number[] = [];
    const other = keep({
      recover: async ({ succeed }) => {
        attempts.push(other.clock.monotonic());
        if (attempts.length < 3) throw new Error("step two");
        succeed();
      },
    });
    other.keeper.lost("gone");
    await other.clock.advance(3 * INTERVAL);
    expect(attempts).toEqual([INTERVAL, 2 * INTERVAL, 3 * INTERVAL]);
    expect(names(other)).toEqual([
      "degraded_mode_entered",
      "recovery_failed",
      "recovery_failed",
      "redis_mode_recovered",
      "recovery_succeeded",
    ]);
    expect(other.telemetry.events[1]?.payload).toEqual({ reason: "step two", attempt: 1 });
    await other.keeper.close();
  });

  it("amid which Redis is lost cannot succeed any more, and is told once", async () => {
    let given: RecoveryRun | undefined;
    let end: () => void = () => undefined;
    const other = keep({
      recover: async (run) => {
        given = run;
        await new Promise<void>((resolve) => {
          end = resolve;
        });
        run.succeed();
      },
    });
    other.keeper.lost("gone");
    await other.clock.advance(INTERVAL);
    expect({ mode: other.keeper.mode, isCurrent: given?.isCurrent() }).toEqual({
      mode: "recovering",
      isCurrent: true,
    });
    other.redis.down();
    expect({ mode: other.keeper.mode, isCurrent: given?.isCurrent() }).toEqual({
      mode: "degraded",
      isCurrent: false,
    });
    other.redis.up();
    await other.clock.advance(INTERVAL); // the first one holds the second up
    end();
    await turn();
    expect(other.keeper.mode).toBe("degraded");
    expect(names(other)).toEqual(["degraded_mode_entered", "recovery_failed"]);
    await other.keeper.close().then(() => undefined);
  });

  it("is one at a time", async () => {
    let [now, most] = [0, 0];
    const other = keep({
      recover: async ({ succeed }) => {
        most = Math.max(most, ++now);
        await turn();
        now--;
        succeed();
      },
    });
    other.keeper.lost("gone");
    await Promise.all([
      other.keeper.checkAndRecover(),
      other.keeper.checkAndRecover(),
      other.clock.advance(INTERVAL),
    ]);
    expect({ most, mode: other.keeper.mode }).toEqual({ most: 1, mode: "normal" });
    await other.keeper.close();
  });

  it("is not begun any more once it is closed", async () => {
    const { clock, keeper, did } = kept;
    keeper.lost("gone");
    await keeper.close();
    await clock.advance(10 * INTERVAL);
    expect({ recoveries: did.recoveries, pending: clock.pending }).toEqual({ recoveries: [], pending: 0 });
  });
});
