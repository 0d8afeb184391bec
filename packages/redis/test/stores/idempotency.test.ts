import { type ClaimRequest, type IdempotencyStore, systemClock } from "@baldur/core/plugin";
import { type FaultProxy, type RedisServer, startFaultProxy, startRedis } from "@baldur/services";
import { createFakeClock } from "@baldur/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import { errorOf, eventually, Fleet, type Member, runs } from "./fixture.js";
import { Processes } from "./processes.js";

const TTL = 60_000;
const HOUR = 3_600_000;
const PATIENCE = 300;

let server: RedisServer;
let proxy: FaultProxy;
let fleet: Fleet;
beforeAll(async () => {
  server = await startRedis();
  proxy = await startFaultProxy(server);
});
afterAll(async () => {
  await proxy.stop();
  await server.stop();
});
beforeEach(() => {
  fleet = new Fleet(server);
});
afterEach(() => fleet.dissolve());
jest.setTimeout(60_000);

const request = (owner: string, ttl = TTL): ClaimRequest => ({ owner, ttl, tolerance: 5000 });
const token = (owner: string, attempt = 1) => ({ owner, attempt });
const options = { idempotencyKey: () => "order-1" };

/** A fleet's member behind the proxy, which may hold its answers back. */
async function behindProxy(clock = systemClock()): Promise<Member> {
  const member = await fleet.join({ url: proxy.url("redis"), patience: PATIENCE, clock });
  await eventually(() => member.client.available);
  return member;
}

describe("the idempotency store in Redis", () => {
  it("claims a new key, answers a duplicate and settles a claim in one round trip each", async () => {
    const { client, stores } = await fleet.join();
    const store = stores.idempotency;
    const run = jest.spyOn(client, "run");
    const ofIdempotency = () => run.mock.calls.filter(([{ name }]) => name.startsWith("idempotency.")).length;
    const trips = async (work: () => unknown): Promise<number> => {
      const before = ofIdempotency();
      await work();
      return ofIdempotency() - before;
    };
    expect(await trips(() => store.claim("a", request("1")))).toBe(1);
    expect(await trips(() => store.claim("a", request("2")))).toBe(1);
    expect(await trips(() => store.complete("a", token("1"), { ttl: TTL, result: "1" }))).toBe(1);
    expect(await trips(() => store.claim("a", request("2")))).toBe(1);
    await store.claim("b", request("1"));
    expect(await trips(() => store.fail("b", token("1"), { ttl: TTL }))).toBe(1);
    await store.claim("c", request("1"));
    expect(await trips(() => store.release("c", token("1")))).toBe(1);
  });

  it("M15 runs the function of a key once, however many processes call it at once", async () => {
    const members = await Promise.all(Array.from({ length: 4 }, () => fleet.join()));
    for (let round = 0; round < 25; round++) {
      let ran = 0;
      const work = async (): Promise<number> => ++ran;
      const key = { idempotencyKey: () => `order-${round}` };
      const calls = members.flatMap(({ baldur }) =>
        Array.from({ length: 5 }, () => baldur.protect("charge", work, key)),
      );
      const outcomes = await Promise.allSettled(calls);
      expect(ran).toBe(1);
      expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    }
  });

  it("keeps a record for as long as it says something, and no longer", async () => {
    const { client, stores } = await fleet.join();
    const name = `${client.prefix}idempotency:key`;
    await stores.idempotency.claim("key", request("a", 30_000));
    const executing = Number(await client.command("PTTL", name));
    // The window, the tolerance of clocks, and time for a takeover to be told from a new key.
    expect(executing).toBeGreaterThan(30_000 + 60_000);
    await stores.idempotency.complete("key", token("a"), { ttl: 50_000 });
    expect(Number(await client.command("PTTL", name))).toBeLessThanOrEqual(50_000);
    await stores.idempotency.claim("other", request("a", Number.MAX_VALUE));
    expect(await stores.idempotency.claim("other", request("b"))).toMatchObject({ decision: "abort" });
  });

  it("#14.7 judges a running claim by its owner's window, not by a newcomer's shorter one", async () => {
    const redisTime = createFakeClock();
    const { stores } = await fleet.join({ redisTime });
    await stores.idempotency.claim("key", request("long", TTL));
    await redisTime.advance(TTL - 1);
    expect(await stores.idempotency.claim("key", request("short", 1))).toMatchObject({ decision: "abort" });
  });

  it("#14.7 lets no executor that outlived its claim touch the new owner's record", async () => {
    const redisTime = createFakeClock();
    const { stores } = await fleet.join({ redisTime });
    const store = stores.idempotency;
    await store.claim("key", request("slow", 1000));
    await redisTime.advance(6001);
    expect(await store.claim("key", request("next"))).toEqual({
      decision: "continue",
      attempt: 2,
      takeover: "stale",
    });
    expect(await store.complete("key", token("slow"), { ttl: TTL })).toBe(false);
    expect(await store.release("key", token("slow"))).toBe(false);
    expect(await store.claim("key", request("third"))).toMatchObject({ decision: "abort" });
    expect(await store.complete("key", token("next", 2), { ttl: TTL })).toBe(true);
  });

  it("#14.7 remembers a completion that comes when the record is gone", async () => {
    const { client, stores } = await fleet.join();
    await stores.idempotency.claim("key", request("a"));
    await client.command("DEL", `${client.prefix}idempotency:key`);
    expect(await stores.idempotency.complete("key", token("a"), { ttl: TTL, result: "7" })).toBe(true);
    expect(await stores.idempotency.claim("key", request("b"))).toEqual({ decision: "skip", result: "7" });
  });

  it("#14.7 completes a key only when the function itself resolved, and frees it where it never ran", async () => {
    const [one, two] = [await fleet.join(), await fleet.join()];
    const answered = await one.baldur.protect(
      "charge",
      () => {
        throw new Error("down");
      },
      { ...options, fallback: () => "later" },
    );
    expect(answered).toBe("later");
    await one.baldur.circuit("charge").forceOpen({ actor: "ops", reason: "test" });
    await expect(
      one.baldur.protect("charge", () => "ran", { ...options, fallback: () => "open" }),
    ).resolves.toBe("open");
    // By another name, for the circuit is open in the whole fleet.
    await expect(two.baldur.protect("retried", () => "ran", options)).resolves.toBe("ran");
    expect(await errorOf(two.baldur.protect("retried", () => "again", options))).toMatchObject({
      code: "ERR_BALDUR_IDEMPOTENCY_DUPLICATE",
      decision: "skip",
    });
  });

  it("#14.7 keeps a call that timed out executing, and completes it when it ends after all", async () => {
    const [one, two] = [await fleet.join(), await fleet.join()];
    let finish: (value: string) => void = () => undefined;
    const slow = (): Promise<string> =>
      new Promise((resolve) => {
        finish = resolve;
      });
    const timedOut = await errorOf(one.baldur.protect("charge", slow, { ...options, timeout: 20 }));
    expect(timedOut).toMatchObject({ code: "ERR_BALDUR_TIMEOUT_POLICY" });
    const duplicate = () => errorOf(two.baldur.protect("charge", () => "twice", options));
    expect(await duplicate()).toMatchObject({ decision: "abort" });
    finish("done");
    await eventually(async () => ((await duplicate()) as { decision?: string }).decision === "skip");
  });

  it("is not a matter of the clocks of processes: two that differ by an hour agree", async () => {
    await using processes = new Processes();
    const script = `
      const request = (owner) => ({ owner, ttl: 600_000, tolerance: 5000 });
      say(await stores.idempotency.claim("key", request("owner of " + skew)));
      await told();
      say(await stores.idempotency.claim("key", request("another of " + skew)));
      await told();
      say(await stores.idempotency.complete("key", { owner: "owner of " + skew, attempt: 1 }, { ttl: 600_000 }));
      await told();
      say(await stores.idempotency.claim("key", request("third of " + skew)));`;
    const { namespace } = fleet;
    const behind = await processes.run(script, { url: server.url, namespace, skew: -HOUR });
    const ahead = await processes.run(script, { url: server.url, namespace, skew: HOUR });
    const tell = async (child: typeof ahead): Promise<unknown> => {
      child.tell();
      return child.next();
    };
    const running = { decision: "abort", reason: "executing" };
    expect(await tell(behind)).toEqual({ decision: "continue", attempt: 1 });
    expect(await tell(ahead)).toEqual(running);
    expect(await tell(ahead)).toEqual(running);
    expect(await tell(behind)).toEqual(running);
    expect(await tell(behind)).toBe(true);
    expect(await tell(ahead)).toBe(false);
    expect(await tell(ahead)).toEqual({ decision: "skip" });
  });

  it.each(["", "{", "null", "7", '{"status":"done"}', '{"status":"executing","owner":"a"}'])(
    "lets nobody through a record that cannot be read: %j",
    async (garbage) => {
      const { client, stores } = await fleet.join();
      const name = `${client.prefix}idempotency:key`;
      await client.command("SET", name, garbage);
      const corrupt = { decision: "abort", reason: "corrupt" };
      expect(await stores.idempotency.claim("key", request("b"))).toEqual(corrupt);
      expect(await stores.idempotency.complete("key", token("b"), { ttl: TTL })).toBe(false);
      expect(await client.command("GET", name)).toBe(garbage);
    },
  );

  it("never has two executions of a key at a time, under any interleaving of processes", async () => {
    const members = [await fleet.join(), await fleet.join(), await fleet.join()];
    const stores = members.map(({ stores: { idempotency } }) => idempotency);
    let round = 0;
    const step = fc.record({
      key: fc.constantFrom("a", "b"),
      act: fc.constantFrom("claim", "claim", "complete", "fail", "release"),
      of: fc.nat(10),
      by: fc.nat(2),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const tag = ++round;
        const running = new Map<string, string>();
        const completed = new Set<string>();
        let owners = 0;
        for (const { key: base, act, of, by } of steps) {
          const store = stores[by] as IdempotencyStore;
          const key = `${tag}:${base}`;
          if (act === "claim") {
            const claimants = Array.from({ length: 1 + (of % 3) }, () => `owner-${++owners}`);
            const answers = await Promise.all(
              claimants.map(async (owner) => ({ owner, ...(await store.claim(key, request(owner))) })),
            );
            const won = answers.filter(({ decision }) => decision === "continue");
            expect(won.length).toBeLessThanOrEqual(running.has(key) || completed.has(key) ? 0 : 1);
            for (const { owner } of won) running.set(key, owner);
          } else {
            const owner = running.get(key);
            if (owner === undefined) continue;
            running.delete(key);
            if (act === "complete") completed.add(key);
            if (act === "complete") expect(await store.complete(key, token(owner), { ttl: TTL })).toBe(true);
            else if (act === "fail") expect(await store.fail(key, token(owner), { ttl: TTL })).toBe(true);
            else expect(await store.release(key, token(owner))).toBe(true);
          }
        }
      }),
      { numRuns: runs(30) },
    );
  });
});

describe("while Redis is away", () => {
  it("refuses calls, and lets those through that fail open", async () => {
    const { baldur, client, telemetry } = await behindProxy();
    await proxy.fault("refuse");
    await proxy.fault("reset");
    await eventually(() => !client.available);
    const refused = await errorOf(baldur.protect("charge", () => "ran", options));
    expect(refused).toMatchObject({ code: "ERR_BALDUR_IDEMPOTENCY_UNAVAILABLE", retryable: true });
    const open = { ...options, idempotency: { failOpen: true } };
    await expect(baldur.protect("charge", () => "ran", open)).resolves.toBe("ran");
    expect(telemetry.named("idempotency.guard_check_failed")).toHaveLength(2);
    await proxy.heal();
    await eventually(() => client.available);
    await expect(baldur.protect("charge", () => "ran", options)).resolves.toBe("ran");
  });

  it("frees a key whose claim was made and its answer lost", async () => {
    const near = await fleet.join();
    const { baldur, client } = await behindProxy();
    await proxy.fault("partition", { direction: "downstream" });
    const refused = await errorOf(baldur.protect("charge", () => "ran", options));
    expect(refused).toMatchObject({ code: "ERR_BALDUR_IDEMPOTENCY_UNAVAILABLE" });
    const name = `${near.client.prefix}idempotency:order-1`;
    expect(await near.client.command("EXISTS", name)).toBe(1);
    await proxy.heal();
    await eventually(() => client.available);
    await eventually(async () => (await near.client.command("EXISTS", name)) === 0);
    await expect(near.baldur.protect("charge", () => "ran", options)).resolves.toBe("ran");
  });

  it("gives a claim to the claimant who asks again because its answer was lost", async () => {
    const clock = createFakeClock();
    const { client, stores } = await behindProxy(clock);
    await proxy.fault("partition", { direction: "downstream" });
    expect(await errorOf(stores.idempotency.claim("key", request("a")) as Promise<unknown>)).toMatchObject({
      code: expect.stringMatching(/^ERR_BALDUR_REDIS/),
    });
    await proxy.heal();
    await eventually(() => client.available);
    expect(await stores.idempotency.claim("key", request("a"))).toEqual({ decision: "continue", attempt: 1 });
    await clock.advance(1000); // when a claim that nobody asked for again would be given back
    await client.command("PING");
    const near = await fleet.join();
    expect(await near.stores.idempotency.claim("key", request("b"))).toMatchObject({ decision: "abort" });
  });

  it("completes work that ended meanwhile when Redis is back: nobody does it again", async () => {
    const near = await fleet.join();
    const { baldur, client, telemetry } = await behindProxy();
    const work = async (): Promise<string> => {
      await proxy.fault("reset");
      await eventually(() => !client.available);
      return "charged";
    };
    await expect(baldur.protect("charge", work, options)).resolves.toBe("charged");
    expect(telemetry.named("idempotency.mark_completed_failed")).toHaveLength(1);
    const again = () => errorOf(near.baldur.protect("charge", () => "twice", options));
    expect(await again()).toMatchObject({ decision: "abort" });
    await proxy.heal();
    await eventually(async () => ((await again()) as { decision?: string }).decision === "skip");
  });
});
