import { createFakeClock, type FakeClock } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { FleetStore } from "../../../src/circuit-breaker/store.js";
import { RedisFleetStore } from "../../../src/circuit-breaker/stores/redis.js";
import { runs } from "../../runtime.js";
import { skewed, Wire, WiredRedis } from "./wire.js";

const HOUR = 3_600_000;
const TTL = 700;
/** Milliseconds that a question takes, or its answer. */
const LONGEST = 30;
const QUIET = { report: () => undefined };

class World {
  readonly clock: FakeClock = createFakeClock();
  readonly redis: WiredRedis = new WiredRedis(this.clock);

  store(wire: Wire = new Wire(this.redis), skew = 0): FleetStore {
    return new RedisFleetStore({ client: wire, clock: skewed(this.clock, skew), telemetry: QUIET });
  }

  /** Open, and due for a probe. */
  async due(store: FleetStore): Promise<void> {
    const now = this.clock.now();
    const state = { state: "open", since: now, openUntil: now, trigger: "failures" } as const;
    await store.publish({ name: "db", epoch: 0, unconfirmed: true, by: "p", pinned: 0, ...state }, 0);
  }

  /** Lets what was asked be answered. */
  async answered<T>(asked: Promise<T>): Promise<T> {
    let isOver = false;
    const over = (): void => {
      isOver = true;
    };
    asked.then(over, over);
    for (await this.clock.advance(0); !isOver; ) await this.clock.advance(1);
    return asked;
  }
}

const take = (store: FleetStore, owner: string, limit = 1) =>
  store.acquireProbe("db", { owner, by: owner, limit, ttl: TTL });
/** What a process finds that knows Redis's time. */
const found = async (store: FleetStore, limit?: number): Promise<string> =>
  (await take(store, "next", limit)).kind;

describe("the place of a probe in Redis", () => {
  it("is nobody else's before its time is over, counted from when it was asked for", async () => {
    const tenths = fc.nat(10 * LONGEST).map((tenth) => tenth / 10);
    const steps = fc.array(fc.tuple(tenths, tenths, tenths), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(steps, async (latencies) => {
        const world = new World();
        const [wire, other] = [new Wire(world.redis), world.store()];
        const store = world.store(wire);
        await world.due(other);
        for (const [there, back, pause] of latencies) {
          await world.clock.advance(pause);
          wire.latency = [there, back];
          const askedAt = world.clock.monotonic();
          const answer = await world.answered(take(store, "one"));
          expect(answer.kind).toBe("granted");
          await world.clock.advance(askedAt + TTL - 0.1 - world.clock.monotonic());
          expect(await found(other)).toBe("full");
          await world.clock.advance(5 * LONGEST);
          expect(await found(other)).toBe("granted");
          await world.clock.advance(2 * TTL);
        }
      }),
      { numRuns: runs(50) },
    );
  });

  it("is kept for all its time where a process takes it to be earlier than it is", async () => {
    const world = new World();
    const [other, wire] = [world.store(), new Wire(world.redis)];
    const store = world.store(wire);
    await world.due(other);
    wire.latency = [0, 20];
    await world.answered(store.load(["db"]));
    wire.latency = [0, 0];
    await take(store, "one");
    await world.clock.advance(TTL - 1);
    expect(await found(other)).toBe("full");
    await world.clock.advance(20);
    expect(await found(other)).toBe("granted");
  });

  it("has Redis's time, also before Redis has told it", async () => {
    const world = new World();
    const [other, store] = [world.store(), world.store(new Wire(world.redis), -HOUR)];
    const hears = store.subscribe({ heard: () => undefined, gap: () => undefined });
    await world.due(other);
    await take(other, "one", 2);
    await world.clock.advance(1);
    expect((await take(store, "two", 2)).kind).toBe("granted");
    await world.clock.advance(TTL - 1);
    expect(await found(other, 1)).toBe("full");
    await world.clock.advance(1);
    expect(await found(other, 1)).toBe("granted");
    hears[Symbol.dispose]();
  });

  it("is kept when the circuit opens again, where a process takes it to be later than it is", async () => {
    const world = new World();
    const [other, wire] = [world.store(), new Wire(world.redis)];
    await world.due(other);
    await take(other, "one");
    const store = world.store(wire);
    wire.latency = [400, 0];
    await world.answered(store.load(["db"]));
    await world.clock.advance(TTL - 400 - 1);
    const now = store.now();
    const row = { name: "db", epoch: 0, unconfirmed: true, by: "p", pinned: 0 } as const;
    const state = { state: "open", since: now, openUntil: now + 1, trigger: "failures" } as const;
    wire.latency = [0, 0];
    const trip = await store.trip({ ...row, ...state }, { instance: "p", until: now + 1, quorum: 1 });
    expect(trip).toMatchObject({ kind: "opened", record: { probes: [{ owner: "one" }] } });
  });

  it("is not lost to what a process holds of a record that Redis has lost since", async () => {
    const world = new World();
    const [one, other] = [world.store(), world.store()];
    await world.due(one);
    await take(one, "one", 2);
    await other.load(["db"]);
    world.redis.texts.clear();
    await world.clock.advance(1);
    await world.due(one);
    await take(one, "two", 2);
    expect((await take(other, "three", 2)).kind).toBe("granted");
    const [record] = await one.load(["db"]);
    expect(record?.probes.map(({ owner }) => owner)).toEqual(["two", "three"]);
  });
});
