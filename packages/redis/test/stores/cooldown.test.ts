import type { CooldownPeers, PeerCooldown } from "@baldur/core/plugin";
import { type FaultProxy, type RedisServer, startFaultProxy, startRedis } from "@baldur/services";
import { createFakeClock, type FakeClock, TooManyRequestsError } from "@baldur/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { cooldownsOf, errorOf, eventually, Fleet, type Member, runs } from "./fixture.js";
import { Processes } from "./processes.js";

const HOUR = 3_600_000;
const LEASE = 60_000;

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

interface Worker extends Member {
  readonly clock: FakeClock;
}

const SETTINGS = { rateLimitBackoff: { debounceWindow: 0 } };

async function worker({
  settings = SETTINGS,
  url,
}: {
  settings?: object;
  url?: string;
} = {}): Promise<Worker> {
  const clock = createFakeClock();
  const place = url === undefined ? {} : { url };
  return {
    ...(await fleet.join({ clock, settings: settings as typeof SETTINGS, patience: 300, ...place })),
    clock,
  };
}

/** A dependency that answers when it is told to. */
class Api {
  calls = 0;
  #open: { resolve(value: string): void; reject(error: unknown): void }[] = [];
  #answer: "ok" | number | "slowly" = "slowly";

  /** From now on at once: the value, or 429 with so many seconds to wait. */
  answers(answer: "ok" | number | "slowly"): void {
    this.#answer = answer;
    for (const call of this.#open.splice(0)) this.#end(call);
  }

  readonly call = (): Promise<string> =>
    new Promise((resolve, reject) => {
      this.calls++;
      if (this.#answer === "slowly") this.#open.push({ resolve, reject });
      else this.#end({ resolve, reject });
    });

  #end({ resolve, reject }: { resolve(value: string): void; reject(error: unknown): void }): void {
    if (typeof this.#answer === "number") reject(new TooManyRequestsError(this.#answer));
    else resolve("ok");
  }
}

const KEY = "api";

function ask({ baldur }: Worker, api: Api, retry = {}): Promise<unknown> {
  const options = {
    backoff: "constant" as const,
    baseDelay: 10,
    maxAttempts: 5,
    maxDelay: 100_000,
    ...retry,
  };
  return baldur.protect(KEY, api.call, { circuitBreaker: false, retry: options });
}

/** A call that is answered 429 and not tried again, and what follows from it. */
async function limited(member: Worker, api: Api, seconds: number): Promise<void> {
  api.answers(seconds);
  expect(await errorOf(ask(member, api, { maxAttempts: 1 }))).toMatchObject({ status: 429 });
  await settled(member);
}

function known({ baldur }: Member): PeerCooldown | undefined {
  return cooldownsOf(baldur)
    .known()
    .find(({ key }) => key === KEY);
}

const hears = (member: Member, consecutive = 1): Promise<unknown> =>
  eventually(() => known(member)?.consecutive === consecutive);
const forgets = (member: Member): Promise<unknown> => eventually(() => known(member) === undefined);
const starts = (member: Member): unknown[] =>
  member.telemetry.named("rate_limit.cooldown_start").map(({ payload }) => payload["consecutive"]);

/** What has been asked of Redis has been answered, and what was published has been heard. */
async function settled(...members: readonly Member[]): Promise<void> {
  for (let round = 0; round < 2; round++) {
    await Promise.all(members.map(({ client }) => client.command("PING")));
    await Promise.all(members.map(heardAll));
  }
}

/** Messages of a channel come in order, so one of our own comes last. */
async function heardAll({ client }: Member): Promise<void> {
  const channel = `${client.prefix}ratelimit`;
  const message = JSON.stringify({ by: `test ${Math.random()}`, key: "none", over: false });
  let heard = false;
  using _ = client.subscribe(channel, (text) => {
    heard ||= text === message;
  });
  await eventually(async () => {
    await client.publish(channel, message); // again, where the channel was not listened to yet
    return heard;
  });
}

describe("a cooldown of the fleet", () => {
  it("is waited for by every process, and one call of all goes first", async () => {
    const [one, two] = [await worker(), await worker()];
    const api = new Api();
    await limited(one, api, 2);
    await hears(two);
    api.answers("slowly");
    const calls = [one, two].flatMap((member) => Array.from({ length: 10 }, () => ask(member, api)));
    // Redis has its own time, which runs on: who asks it hears of a wait that is shorter by that.
    for (const { clock } of [one, two]) await clock.advance(1000);
    await settled(one, two);
    expect(api.calls).toBe(1);
    for (const { clock } of [one, two]) await clock.advance(1010);
    await eventually(() => api.calls === 2);
    for (const { clock } of [one, two]) await clock.advance(5000);
    await settled(one, two);
    expect(api.calls).toBe(2);
    api.answers("ok");
    await expect(Promise.all(calls)).resolves.toEqual(Array(20).fill("ok"));
    expect(api.calls).toBe(21);
    await Promise.all([forgets(one), forgets(two)]);
    const ended = [one, two].flatMap(({ telemetry }) => telemetry.named("rate_limit.cooldown_end"));
    expect(ended).toHaveLength(1);
  });

  it("counts a burst of all processes once, and grows with every canary that is answered 429", async () => {
    const members = [await worker(), await worker(), await worker()];
    const api = new Api();
    api.answers("slowly");
    const burst = members.flatMap((member) =>
      Array.from({ length: 5 }, () => errorOf(ask(member, api, { maxAttempts: 1 }))),
    );
    await eventually(() => api.calls === 15);
    api.answers(1);
    await Promise.all(burst);
    await settled(...members);
    expect(members.map((member) => known(member)?.consecutive)).toEqual([1, 1, 1]);
    for (const [round, member] of members.entries()) {
      for (const { clock } of members) await clock.advance(60_001);
      await limited(member, api, 1);
      await Promise.all(members.map((other) => hears(other, round + 2)));
    }
    expect(members.flatMap(starts).filter((consecutive) => consecutive !== 1)).toEqual([2, 3, 4]);
    expect(known(members[0] as Member)?.delay).toBeGreaterThan(7000);
  });

  it("lasts as long as the longest that anyone was told, however late a shorter one comes", async () => {
    const [one, two] = [await worker(), await worker()];
    const api = new Api();
    api.answers("slowly");
    const late = errorOf(ask(two, api, { maxAttempts: 1 }));
    await eventually(() => api.calls === 1);
    await limited(one, new Api(), 30);
    await hears(two);
    api.answers(1);
    await late;
    await settled(one, two);
    for (const member of [one, two]) expect(known(member)?.delay).toBeGreaterThan(29_000);
  });

  it("is extended by a 429 that is told to nobody, being of the same burst", async () => {
    const settings = { rateLimitBackoff: { debounceWindow: 60_000 } };
    const [one, two] = [await worker({ settings }), await worker({ settings })];
    const api = new Api();
    api.answers("slowly");
    const calls = Array.from({ length: 2 }, () => errorOf(ask(one, api, { maxAttempts: 1 })));
    await eventually(() => api.calls === 2);
    await limited(one, new Api(), 1);
    await hears(two);
    api.answers(20);
    await Promise.all(calls);
    await eventually(() => Number(known(two)?.delay) > 19_000);
    expect(starts(one)).toHaveLength(1);
  });

  it("defers in one process what would wait too long for the answer that another one got", async () => {
    const [one, two] = [await worker(), await worker()];
    const api = new Api();
    await limited(one, api, 600);
    await hears(two);
    expect(await errorOf(ask(two, api, { maxDelay: 1000 }))).toMatchObject({
      code: "ERR_BALDUR_RATE_LIMIT_DEFERRED",
    });
    expect(api.calls).toBe(1);
  });

  it("has as long to last by every clock, however far apart they are", async () => {
    const [one, two] = [await worker(), await worker()];
    one.clock.set(one.clock.now() + HOUR);
    two.clock.set(two.clock.now() - HOUR);
    await limited(one, new Api(), 30);
    await hears(two);
    for (const member of [one, two]) {
      expect(known(member)?.delay).toBeGreaterThan(29_000);
      expect(known(member)?.delay).toBeLessThanOrEqual(30_000);
    }
  });

  it("asks nothing of Redis for calls that are not limited", async () => {
    const one = await worker();
    await settled(one);
    const run = jest.spyOn(one.client, "run");
    const command = jest.spyOn(one.client, "command");
    const api = new Api();
    api.answers("ok");
    for (let n = 0; n < runs(20); n++) await ask(one, api);
    expect([run.mock.calls.length, command.mock.calls.length]).toEqual([0, 0]);
  });

  it("is known to a process that comes later", async () => {
    const one = await worker();
    await limited(one, new Api(), 30);
    await settled(one);
    const two = await worker();
    await hears(two);
    expect(known(two)?.delay).toBeGreaterThan(28_000);
  });

  /** A process that hears nothing. */
  function deaf({ stores }: Member): CooldownPeers {
    const [heardLimited, heardReleased, heardSucceeded] = [jest.fn(), jest.fn(), jest.fn()];
    const heard = { heardLimited, heardReleased, heardSucceeded };
    return stores.share({ memory: 60_000, known: () => [], join: () => undefined, ...heard });
  }

  it("is not shortened by a process that has not heard of it", async () => {
    const one = await worker();
    await limited(one, new Api(), 30);
    deaf(one).limited({ key: KEY, delay: 1000, consecutive: 1 }, false);
    await settled(one);
    const two = await worker();
    await hears(two);
    expect(known(two)?.delay).toBeGreaterThan(28_000);
  });

  it("is not ended by a process that has not heard of its latest answer 429", async () => {
    const one = await worker();
    await limited(one, new Api(), 1);
    const peers = deaf(one);
    await one.clock.advance(1001);
    await limited(one, new Api(), 1);
    expect(known(one)?.consecutive).toBe(2);
    peers.succeeded(KEY, 1);
    await settled(one);
    expect(known(one)?.consecutive).toBe(2);
    peers.succeeded(KEY, 2);
    await forgets(one);
  });

  it("leaves nothing behind in Redis", async () => {
    const one = await worker();
    const api = new Api();
    await limited(one, api, 1);
    await one.clock.advance(1001);
    api.answers("ok");
    await ask(one, api);
    await settled(one);
    const all = `${one.client.prefix}ratelimit*`;
    await expect(one.client.command("KEYS", all)).resolves.toEqual([]);
    await limited(one, api, 1);
    await settled(one);
    const keys = (await one.client.command("KEYS", all)) as readonly string[];
    expect(keys).toHaveLength(2);
    for (const key of keys) expect(Number(await one.client.command("PTTL", key))).toBeGreaterThan(0);
  });
});

describe("the canary of the fleet", () => {
  it("is another process's when the first gives up, and when it is gone", async () => {
    const [one, two] = [await worker(), await worker()];
    const api = new Api();
    await limited(one, api, 1);
    await hears(two);
    for (const { clock } of [one, two]) await clock.advance(1001);
    api.answers("slowly");
    const options = { circuitBreaker: false, retry: { maxAttempts: 1 }, timeout: 500 };
    const givenUp = errorOf(one.baldur.protect(KEY, api.call, options));
    await eventually(() => api.calls === 2);
    const waiting = ask(two, api);
    await settled(one, two);
    expect(api.calls).toBe(2);
    await one.clock.advance(501);
    expect(await givenUp).toMatchObject({ code: "ERR_BALDUR_TIMEOUT_POLICY" });
    await eventually(() => api.calls === 3);
    api.answers("ok");
    await expect(waiting).resolves.toBe("ok");
  });

  it("is another process's when its lease is over", async () => {
    const [one, two] = [await worker(), await worker()];
    const api = new Api();
    await limited(one, api, 1);
    await hears(two);
    for (const { clock } of [one, two]) await clock.advance(1001);
    api.answers("slowly");
    ask(one, api).catch(() => undefined);
    await eventually(() => api.calls === 2);
    const waiting = ask(two, api);
    await settled(two);
    const lease = `${two.client.prefix}ratelimit:{cooldowns}:canary:${KEY}`;
    expect(Number(await two.client.command("PTTL", lease))).toBeGreaterThan(LEASE - 10_000);
    await two.client.command("DEL", lease); // as when its time is over: it would take a minute
    await two.clock.advance(LEASE);
    await eventually(() => api.calls === 3);
    api.answers("ok");
    await expect(waiting).resolves.toBe("ok");
  });

  it("is over when a call of another process is answered", async () => {
    const [one, two] = [await worker(), await worker()];
    const api = new Api();
    const early = new Api();
    const answered = ask(two, early);
    await limited(one, api, 1);
    await hears(two);
    for (const { clock } of [one, two]) await clock.advance(1001);
    api.answers("slowly");
    const canary = ask(one, api);
    await eventually(() => api.calls === 2);
    early.answers("ok");
    await answered;
    await Promise.all([forgets(one), forgets(two)]);
    await settled(one);
    const lease = `${one.client.prefix}ratelimit:{cooldowns}:canary:${KEY}`;
    expect(await one.client.command("EXISTS", lease)).toBe(0);
    api.answers("ok");
    await canary;
  });

  it("is another process's when who got the leave for it has no call any more", async () => {
    const [one, two] = [await worker(), await worker()];
    const api = new Api();
    await limited(one, api, 1);
    await hears(two);
    for (const { clock } of [one, two]) await clock.advance(1001);
    const controller = new AbortController();
    const options = { circuitBreaker: false, retry: true, signal: controller.signal } as const;
    const aborted = errorOf(one.baldur.protect(KEY, api.call, options));
    controller.abort();
    await aborted;
    await settled(one);
    await one.clock.advance(0);
    api.answers("ok");
    await expect(ask(two, api)).resolves.toBe("ok");
    expect(api.calls).toBe(2);
  });
});

describe("while Redis is away", () => {
  async function behindProxy(): Promise<Worker> {
    const member = await worker({ url: proxy.url("redis") });
    await eventually(() => member.client.available);
    return member;
  }
  const fallback = ({ telemetry }: Member) => telemetry.value("baldur_ratelimit_fallback_active");

  it("every process waits for itself and sends its own canary, and says so", async () => {
    const [one, two] = [await worker(), await behindProxy()];
    const api = new Api();
    await limited(one, api, 2);
    await hears(two);
    expect(fallback(two)).toBe(0);
    await proxy.fault("reset");
    await eventually(() => !two.client.available);
    expect(fallback(two)).toBe(1);
    expect(known(two)?.delay).toBeGreaterThan(0);
    api.answers("slowly");
    const calls = [ask(one, api), ask(two, api), ask(two, api)];
    await settled(one);
    expect(api.calls).toBe(1);
    for (const { clock } of [one, two]) await clock.advance(2001);
    await eventually(() => api.calls === 3);
    await settled(one);
    expect(api.calls).toBe(3);
    api.answers("ok");
    await Promise.all(calls);
    await proxy.heal();
    await eventually(() => fallback(two) === 0);
  });

  it("what was missed is asked for, and what happened meanwhile is told, when it is back", async () => {
    const [one, two] = [await worker(), await behindProxy()];
    await proxy.fault("reset");
    await eventually(() => !two.client.available);
    await limited(one, new Api(), 30);
    const other = { ...two, baldur: two.baldur };
    const options = { circuitBreaker: false, retry: { maxAttempts: 1 } };
    const failing = async () => {
      throw new TooManyRequestsError(50);
    };
    await errorOf(other.baldur.protect("other", failing, options));
    await proxy.heal();
    await hears(two);
    const others = () =>
      cooldownsOf(one.baldur)
        .known()
        .find(({ key }) => key === "other");
    await eventually(() => others() !== undefined);
    expect(others()?.delay).toBeGreaterThan(49_000);
  });

  it("decides alone when Redis hangs while it is asked", async () => {
    const two = await behindProxy();
    const api = new Api();
    await limited(two, api, 1);
    await two.clock.advance(1001);
    await proxy.fault("halfOpen");
    api.answers("ok");
    await expect(ask(two, api)).resolves.toBe("ok");
    expect(two.telemetry.named("rate_limit.sharing_failed")).toHaveLength(1);
    await proxy.heal();
  });

  it("takes nothing that another hand writes into the channel for more than it is", async () => {
    const one = await worker();
    await settled(one);
    for (const garbage of ["", "{", "null", "7", '{"key":1}', '{"key":"api","delay":"x","consecutive":1}'])
      await one.client.publish(`${one.client.prefix}ratelimit`, garbage);
    await limited(one, new Api(), 1);
    await settled(one);
    expect(known(one)).toEqual({ key: KEY, delay: expect.any(Number), consecutive: 1 });
    expect(Number.isFinite(known(one)?.delay)).toBe(true);
  });
});

it("two processes share a cooldown, and another one goes on when the one with the canary is killed", async () => {
  await using processes = new Processes();
  const script = `
    const limited = Object.assign(new Error("slow down"), { status: 429, headers: { "retry-after-ms": "300" } });
    const options = { circuitBreaker: false, retry: { maxAttempts: 20, maxDelay: 10_000 } };
    let answer = (await told()) === "limited" ? () => Promise.reject(limited) : () => new Promise(() => say("canary"));
    const asking = baldur.protect("api", () => answer(), options);
    asking.then(say, () => undefined);
    await told();
    answer = async () => "ok";
    await asking;`;
  const { namespace } = fleet;
  const observer = await worker();
  const first = await processes.run(script, { url: server.url, namespace, skew: HOUR });
  first.tell();
  first.tell("limited");
  await hears(observer, 2); // its canaries are answered 429 too
  first.process.kill("SIGKILL");
  const second = await processes.run(script, { url: server.url, namespace, skew: -HOUR });
  second.tell();
  const lease = `${observer.client.prefix}ratelimit:{cooldowns}:canary:${KEY}`;
  await observer.client.command("DEL", lease);
  second.tell("canary");
  expect(await second.next()).toBe("canary");
});
