import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import * as fc from "fast-check";
import { runs, turn } from "../runtime.js";
import type { Fate } from "./fake-redis.js";
import { Site, until, type Worker } from "./fixture.js";

jest.setTimeout(60_000 + runs(1) * 10_000);

let site: Site;
beforeEach(async () => {
  site = await Site.create();
});
afterEach(() => site[Symbol.asyncDispose]());

/** Small files, so that a recovery has many steps. */
const SMALL = { wal: { fileBytes: 600 } };
const COUNTERS = [
  ["stats", "calls"],
  ["stats", "errors"],
  ["limits", "calls"],
] as const;
type Counter = (typeof COUNTERS)[number];

const add = ({ storage }: Worker, [feature, key]: Counter, by: number) =>
  storage.feature(feature).incr(key, by);
const counts = () => COUNTERS.map(([feature, key]) => Number(site.shared(feature, key) ?? 0));
const files = () => (existsSync(site.folder) ? readdirSync(site.folder) : []);

/** Increments in flight when Redis is lost, then while it is away. Every amount tells where it came from. */
async function outage(worker: Worker): Promise<number[]> {
  for (const counter of COUNTERS) await add(worker, counter, 1);
  const fates: Fate[] = ["lost", "dropped", "lost"];
  worker.redis.fate = () => fates.shift() ?? "answered";
  await Promise.all(COUNTERS.map((counter) => add(worker, counter, 10)));
  for (let n = 0; n < 8; n++) await Promise.all(COUNTERS.map((counter) => add(worker, counter, 100)));
  return [811, 811, 811];
}

describe("a recovery that fails at any of its steps", () => {
  async function steps(): Promise<number> {
    const worker = site.worker(SMALL);
    await outage(worker);
    const before = worker.redis.asked.length;
    await site.recovers(worker);
    return worker.redis.asked.length - before;
  }

  it.each<Fate>(["lost", "dropped", "refused", "late"])("(%s) counts everything once", async (fate) => {
    const count = await steps();
    expect(count).toBeGreaterThan(10);
    for (let failing = 0; failing < count; failing++) {
      site.server.forget();
      const worker = site.worker(SMALL);
      const expected = await outage(worker);
      let step = 0;
      worker.redis.fate = () => (step++ === failing ? fate : "answered");
      await site.recovers(worker);
      expect({ failing, counts: counts() }).toEqual({ failing, counts: expected });
      worker.redis.arrive();
      expect({ failing, counts: counts() }).toEqual({ failing, counts: expected });
      expect(files()).toEqual([]);
      await worker.storage[Symbol.asyncDispose]();
    }
  });

  it("because its process dies is finished by another one", async () => {
    const count = await steps();
    for (let failing = 0; failing < count; failing++) {
      site.server.forget();
      const mortal = site.mortal(SMALL);
      const expected = await outage(mortal);
      let step = 0;
      mortal.redis.fate = () => (step++ < failing ? "answered" : "hanging");
      const { length } = mortal.redis.asked;
      await site.passes(
        () => mortal.redis.asked.length > length + failing || mortal.storage.mode === "normal",
      );
      mortal.redis.down();
      const heir = site.worker(SMALL);
      await site.passes(() => files().length === 0);
      mortal.redis.arrive(); // what it sent before it died
      expect({ failing, counts: counts() }).toEqual({ failing, counts: expected });
      await Promise.all([mortal, heir].map(({ storage }) => storage[Symbol.asyncDispose]()));
    }
  });
});

/** A process that stands for a worker's own: what is killed when the worker is. */
class Body {
  readonly #child: ChildProcess = spawn("sleep", ["1000"], { stdio: "ignore" });
  readonly #ended = once(this.#child, "exit");

  get pid(): number {
    return this.#child.pid as number;
  }

  async die(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}

/** Workers that come and go, and what each has acknowledged. */
class Fleet {
  readonly #living: { readonly worker: Worker; readonly body: Body }[] = [];
  readonly #gone: Worker[] = [];
  readonly #acknowledged = new Map<Counter, number>();
  readonly #flights = new Set<Promise<void>>();

  start(): void {
    const body = new Body();
    this.#living.push({ body, worker: site.worker({ wal: { fileBytes: 400, pid: body.pid } }) });
  }

  at(index: number): Worker {
    return (this.#living[index % this.#living.length] as { worker: Worker }).worker;
  }

  increment(index: number, counter: Counter, by: number): void {
    const flight = add(this.at(index), counter, by).then(() => {
      this.#acknowledged.set(counter, (this.#acknowledged.get(counter) ?? 0) + by);
      this.#flights.delete(flight);
    });
    this.#flights.add(flight);
  }

  /** It logs what is in flight, as a process does that notices; amid a recovery, that stops where it is. */
  async kill(index: number): Promise<void> {
    const at = index % this.#living.length;
    const [{ worker, body }] = this.#living.splice(at, 1) as [{ worker: Worker; body: Body }];
    worker.redis.down();
    await worker.storage[Symbol.asyncDispose]();
    await body.die();
    this.#gone.push(worker);
    this.start();
  }

  /** Everything works again, and comes to rest. */
  async settle(): Promise<void> {
    for (const { worker } of this.#living) {
      worker.redis.fate = () => "answered";
      worker.redis.up();
    }
    await site.passes(() => this.#flights.size === 0);
    await site.passes(() => this.#living.every(({ worker }) => worker.storage.mode === "normal"));
    await site.passes(() => files().length === 0);
    for (const { redis } of [...this.#living.map(({ worker }) => worker), ...this.#gone]) redis.arrive();
  }

  acknowledged(): number[] {
    return COUNTERS.map((counter) => this.#acknowledged.get(counter) ?? 0);
  }

  async end(): Promise<void> {
    for (const { worker, body } of this.#living) {
      await worker.storage[Symbol.asyncDispose]();
      await body.die();
    }
  }
}

const index = fc.nat({ max: 2 });
const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("increment" as const),
      index,
      counter: fc.constantFrom(...COUNTERS),
      by: fc.integer({ min: -3, max: 9 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom("down", "up", "kill", "arrive", "check"), index }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("meet" as const),
      index,
      fates: fc.array(
        fc.constantFrom<Fate>("answered", "answered", "lost", "dropped", "refused", "late", "hanging"),
        { maxLength: 6 },
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("pass" as const), time: fc.integer({ min: 1, max: 9000 }) }),
  },
);
type Action = typeof action extends fc.Arbitrary<infer A> ? A : never;

async function act(fleet: Fleet, what: Action): Promise<void> {
  if (what.do === "pass") return site.clock.advance(what.time);
  if (what.do === "increment") return fleet.increment(what.index, what.counter, what.by);
  if (what.do === "kill") return fleet.kill(what.index);
  const { redis, storage } = fleet.at(what.index);
  if (what.do === "check") void storage.checkAndRecover();
  else if (what.do === "meet") {
    const fates = [...what.fates];
    redis.fate = () => fates.shift() ?? "answered";
  } else redis[what.do]();
  return undefined;
}

describe("whatever happens to Redis, its answers and the processes", () => {
  it("a counter is the sum of what was acknowledged", async () => {
    const property = fc.asyncProperty(fc.array(action, { minLength: 10, maxLength: 60 }), async (actions) => {
      site.server.forget();
      const fleet = new Fleet();
      for (let n = 0; n < 3; n++) fleet.start();
      try {
        for (const what of actions) {
          await act(fleet, what);
          await turn();
        }
        await fleet.settle();
        expect(counts()).toEqual(fleet.acknowledged());
      } finally {
        await fleet.end();
      }
    });
    await fc.assert(property, { numRuns: runs(20), interruptAfterTimeLimit: 60_000 + runs(1) * 8000 });
  });
});

describe("a Redis that comes back without its data", () => {
  it("is given what was counted while it was away, no more", async () => {
    const workers = [site.worker(SMALL), site.worker(SMALL)];
    for (const worker of workers) await add(worker, COUNTERS[0], 1000);
    for (const { redis } of workers) redis.down();
    for (const worker of workers) await add(worker, COUNTERS[0], 1);
    site.server.forget();
    for (const { redis } of workers) redis.up();
    await site.recovers(...workers);
    await until(() => files().length === 0);
    expect(counts()).toEqual([2, 0, 0]);
  });
});
