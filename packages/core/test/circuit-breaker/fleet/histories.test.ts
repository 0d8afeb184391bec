import { describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import { runs, turn } from "../../runtime.js";
import { type Running, TestFleet } from "./fixture.js";

const MEMBERS = 3;
const LIMIT = 2;
/** Longer than the wait of an open circuit, so that probes of before are still out when it is due again. */
const PROBE_TIMEOUT = 2500;
const TTL = 20_000;
const BY_ANA = { actor: "ana", reason: "r", ttl: TTL };

const CALLS = ["fail", "succeed", "begin", "begin", "begin", "end", "break", "permit"] as const;
const OPERATIONS = ["forceOpen", "forceClose", "auto", "reset"] as const;
const FAULTS = ["away", "away", "back", "hang", "deaf", "forget"] as const;
type Kind = (typeof CALLS)[number] | (typeof OPERATIONS)[number] | (typeof FAULTS)[number];

const history = (kinds: readonly Kind[]) =>
  fc.array(
    fc.record({
      kind: fc.constantFrom(...kinds),
      member: fc.nat(MEMBERS - 1),
      wait: fc.nat(1500),
      of: fc.nat(20),
    }),
    { maxLength: 60, size: "max" },
  );
/** What messages, questions and answers take, in turn. */
const latencies = (longest: number) => fc.array(fc.constantFrom(0, 0, 0, 1, 20, longest), { maxLength: 12 });
type Step = { kind: Kind; member: number; wait: number; of: number };

interface Probe {
  readonly call: Running;
  readonly deadline: number;
}

/** Runs a history; keeps account of the probes that are out. */
class World {
  readonly probes: Probe[] = [];
  readonly calls: Running[] = [];
  #pinned: number[] = [];

  private constructor(readonly fleet: TestFleet) {}

  static async create(quorum: number, latencies: readonly number[]): Promise<World> {
    const fleet = await TestFleet.of(MEMBERS, {
      halfOpenMaxCalls: LIMIT,
      probeTimeout: PROBE_TIMEOUT,
      fleetQuorum: quorum,
    });
    for (let member = 0; member < MEMBERS; member++) await fleet.succeed(member);
    let asked = 0;
    for (const { connection } of fleet.members)
      connection.latency = () => latencies[asked++ % latencies.length] ?? 0;
    return new World(fleet);
  }

  async step({ kind, member, wait, of }: Step): Promise<void> {
    const { clock } = this.fleet;
    await clock.advance(wait);
    await this.#do(kind, member, of);
    await turn();
  }

  async #do(kind: Kind, member: number, of: number): Promise<void> {
    const { baldur, connection } = this.fleet.get(member);
    const call = this.calls.length === 0 ? undefined : this.calls.splice(of % this.calls.length, 1)[0];
    if (call !== undefined && kind !== "end" && kind !== "break") this.calls.push(call);
    switch (kind) {
      case "fail":
        return this.#settle(this.fleet.fail(member));
      case "succeed":
        return this.#settle(this.fleet.succeed(member));
      case "begin":
        return this.#begin(member);
      case "end":
        return this.#settle(call?.succeed());
      case "break":
        return this.#settle(call?.fail());
      case "permit":
        return this.#permit(member);
      case "away":
        return connection.away(true);
      case "back":
        connection.hangs = connection.deaf = false;
        return connection.away(false);
      case "hang":
        connection.hangs = true;
        return;
      case "deaf":
        connection.deaf = true;
        return;
      case "forget":
        return this.fleet.server.forget();
      default:
        return this.#settle(baldur.circuit("db")[kind](BY_ANA));
    }
  }

  /** What may wait for a store that hangs. */
  async #settle(work: Promise<unknown> | undefined): Promise<void> {
    let isOver = false;
    const over = () => (isOver = true);
    void work?.then(over, over);
    await turn();
    for (let ms = 0; work !== undefined && !isOver && ms < 20_000; ms += 500)
      await this.fleet.clock.advance(500);
  }

  async #begin(member: number): Promise<void> {
    const { clock } = this.fleet;
    const { baldur } = this.fleet.get(member);
    const called = clock.monotonic();
    const call = this.fleet.begin(member, "db", () => {
      this.calls.push(call);
      const isProbe = baldur.circuit("db").state === "half_open";
      if (isProbe) this.probes.push({ call, deadline: called + PROBE_TIMEOUT });
    });
    await turn();
  }

  #permit(member: number): void {
    try {
      this.fleet.get(member).baldur.circuit("db").acquire().ignore();
    } catch (error) {
      expect(error).toMatchObject({ code: "ERR_BALDUR_CIRCUIT_OPEN" });
    }
  }

  get live(): number {
    const now = this.fleet.clock.monotonic();
    return this.probes.filter(({ call, deadline }) => this.calls.includes(call) && deadline > now).length;
  }

  /** Of every member: the latest decision of an operator that it knows never is an older one than before. */
  async pinsGoOn(): Promise<void> {
    const [record] = await this.fleet.server.store.load(["db"]);
    const known = record?.pinned ?? 0;
    if (record !== undefined) this.#pinned.push(known);
    expect([...this.#pinned].sort((a, b) => a - b)).toEqual(this.#pinned);
  }

  /** Everybody is back, and the dependency too, and no operator holds on to anything. */
  async heal(): Promise<void> {
    for (const { connection } of this.fleet.members) {
      connection.hangs = connection.deaf = false;
      connection.away(false);
    }
    for (const call of this.calls) await this.#settle(call.succeed());
    await this.fleet.clock.advance(TTL + 5000);
    for (let round = 0; round < 12; round++) {
      await this.fleet.clock.advance(1100);
      await this.#settle(this.fleet.succeed(round % MEMBERS));
    }
    await this.fleet.clock.advance(6000);
  }
}

jest.setTimeout(3_600_000);

describe("whatever happens to a fleet", () => {
  it("it never has more probes out than allowed, as long as the store answers", async () => {
    let most = 0;
    await fc.assert(
      fc.asyncProperty(history(CALLS), latencies(200), async (steps, late) => {
        const world = await World.create(1, late);
        await world.fleet.fail(0);
        for (const step of steps) {
          await world.step(step);
          expect(world.live).toBeLessThanOrEqual(LIMIT);
          most = Math.max(most, world.live);
        }
      }),
      { numRuns: runs(50) },
    );
    expect(most).toBe(LIMIT);
  });

  it.each([1, 2])(
    "with a quorum of %i, it is closed for all in the end, when all is well again",
    async (quorum) => {
      await fc.assert(
        fc.asyncProperty(
          history([...CALLS, ...OPERATIONS, ...FAULTS]),
          latencies(600),
          async (steps, late) => {
            const world = await World.create(quorum, late);
            for (const step of steps) await world.step(step);
            await world.heal();
            const states = world.fleet.states();
            expect(states).toEqual(Array(MEMBERS).fill(states[0]));
            expect(["closed", "forced_open", "forced_closed"]).toContain(states[0]);
          },
        ),
        { numRuns: runs(50) },
      );
    },
  );

  it("the latest decision of an operator is never undone by an older one", async () => {
    await fc.assert(
      fc.asyncProperty(
        history([...CALLS, ...OPERATIONS, "away", "back", "deaf"]),
        latencies(600),
        async (steps, late) => {
          const world = await World.create(1, late);
          for (const step of steps) {
            await world.step(step);
            await world.pinsGoOn();
          }
        },
      ),
      { numRuns: runs(50) },
    );
  });
});
