import { type Baldur, type CircuitBreakerOptions, createBaldur } from "@baldur/core";
import { type Clock, systemClock } from "@baldur/core/plugin";
import type { Runtime } from "@baldur/core/source/baldur.js";
import { Fleet } from "@baldur/core/source/circuit-breaker/fleet/fleet.js";
import { RedisFleetStore } from "@baldur/core/source/circuit-breaker/stores/redis.js";
import { type RedisServer, startRedis } from "@baldur/services";
import { type RecordedTelemetry, recordTelemetry } from "@baldur/testkit";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { redis } from "../../src/plugin.js";
import { connect, eventually, isSoak } from "./fixture.js";

const HOUR = 3_600_000;
const BY_ANA = { actor: "ana", reason: "maintenance" };
const OPENS_AT_ONCE = { failureThreshold: 1, minimumCalls: 1, recoveryTimeout: 100, probeTimeout: 60_000 };
const quiet = (): undefined => undefined;
const SILENT = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const fails = async (): Promise<never> => {
  throw new Error("down");
};
const succeeds = async (): Promise<string> => "ok";

interface Member {
  readonly baldur: Baldur;
  readonly telemetry: RecordedTelemetry;
}

let server: RedisServer;
let members: Member[];
let tests = 0;
jest.setTimeout(isSoak ? 600_000 : 60_000);
beforeEach(async () => {
  server = await startRedis({ persistence: true });
  members = [];
  tests++;
});
afterEach(async () => {
  for (const { baldur } of members) await baldur.close({ deadline: 0 });
  await server.stop();
});

async function join(circuitBreaker: CircuitBreakerOptions = {}, clock?: Clock): Promise<Member> {
  const baldur = createBaldur({
    discover: false,
    env: { BALDUR_DATA_DIR: `${server.folder}/state-${members.length}` },
    random: () => 0.01, // nobody waits long for the others after an outage
    logger: SILENT,
    plugins: [redis({ url: server.url, namespace: `test-${tests}` })],
    settings: { control: { backend: "memory" }, circuitBreaker: { ...OPENS_AT_ONCE, ...circuitBreaker } },
    ...(clock !== undefined && { clock }),
  });
  const member = { baldur, telemetry: recordTelemetry(baldur) };
  members.push(member);
  await baldur.start();
  return member;
}

const fail = ({ baldur }: Member, name = "db"): Promise<unknown> =>
  baldur.protect(name, fails).catch((error: unknown) => error);
const states = (name = "db"): string[] => members.map(({ baldur }) => baldur.circuit(name).state);
const all = (state: string, name = "db"): Promise<unknown> =>
  eventually(() => states(name).every((seen) => seen === state));
/** Tries until a call of this member is let through. */
const probe = ({ baldur }: Member, name = "db"): Promise<unknown> =>
  eventually(() => baldur.protect(name, succeeds).catch(quiet));

/** Of every command the calls that Redis has counted. */
async function commandStats(): Promise<Map<string, number>> {
  const text = String(await server.command("INFO", "commandstats"));
  return new Map(
    [...text.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)].map(([, name, calls]) => [
      name as string,
      Number(calls),
    ]),
  );
}

describe("circuits that are shared in Redis", () => {
  it("cost no command as long as they are closed", async () => {
    const client = await connected();
    const settings = { control: { backend: "memory" as const } };
    const baldur = createBaldur({ discover: false, env: {}, logger: SILENT, settings });
    const { calls, telemetry, control } = baldur as unknown as Runtime;
    const clock = systemClock();
    const store = new RedisFleetStore({ client, clock, telemetry });
    const shared = { store, circuits: calls.circuits, clock, random: () => 0, telemetry, control };
    const fleet = await new Fleet({ ...shared, timeout: 1000, pollEvery: HOUR }).join();
    // It compares once it listens, in case something was said before.
    await eventually(async () => (await commandStats()).has("zrangebyscore"));
    const before = await commandStats();
    for (let n = 0; n < (isSoak ? 1_000_000 : 50_000); n++) await baldur.protect("db", succeeds);
    const after = await commandStats();
    const asked = [...after].filter(([name, count]) => count > (before.get(name) ?? 0));
    // The question itself, and the connection's own looks whether it is alive and takes writes.
    expect(asked.map(([name]) => name).filter((name) => !["info", "ping", "set"].includes(name))).toEqual([]);
    await baldur.circuit("db").forceOpen(BY_ANA);
    expect((await commandStats()).get("evalsha")).toBe((before.get("evalsha") ?? 0) + 1);
    await fleet.leave();
    await client.close();
  });

  it("open and close for all processes", async () => {
    const [first, second] = [await join(), await join()];
    await fail(first);
    await all("open");
    await probe(second);
    await probe(first);
    await all("closed");
    const transitions = members.map(({ telemetry }) => telemetry.named("circuit_breaker.closed").length);
    expect(transitions.reduce((sum, count) => sum + count)).toBe(1);
  });

  it("are due for all at the same time, whatever their clocks say", async () => {
    const own = systemClock();
    const ahead = { ...clockOf(own), now: () => own.now() + HOUR };
    const [first, second] = [
      await join({ recoveryTimeout: HOUR }),
      await join({ recoveryTimeout: HOUR }, ahead),
    ];
    await fail(first);
    await all("open");
    const [one, other] = [first, second].map(
      ({ baldur }) => baldur.circuit("db").snapshot().openUntil?.getTime() ?? 0,
    );
    expect(Math.abs((other as number) - HOUR - (one as number))).toBeLessThan(1000);
  });

  it("are pinned for all processes, and for those that come later", async () => {
    const [first] = [await join(), await join()];
    expect(await first?.baldur.circuit("db").forceOpen(BY_ANA)).toMatchObject({ persisted: true });
    await all("forced_open");
    await join();
    expect(states()).toEqual(Array(3).fill("forced_open"));
  });

  it.each([true, false])(
    "are as they were when Redis has died and come back; with its data: %s",
    async (keepData) => {
      const first = await join({ recoveryTimeout: HOUR });
      await join({ recoveryTimeout: HOUR });
      await fail(first);
      await first.baldur.circuit("mail").forceOpen(BY_ANA);
      await all("open");
      await server.kill();
      await server.restart({ keepData });
      const index = `baldur:test-${tests}:cb:changes`; // written after the records
      await eventually(async () => (await server.command("ZCARD", index)) === 2);
      expect(states()).toEqual(["open", "open"]);
      await join({ recoveryTimeout: HOUR });
      expect([states(), states("mail")]).toEqual([Array(3).fill("open"), Array(3).fill("forced_open")]);
    },
  );

  it("are decided by each process while Redis is away, and by all together afterwards", async () => {
    const [first, second] = [await join({ recoveryTimeout: HOUR }), await join({ recoveryTimeout: HOUR })];
    await server.kill();
    await fail(first);
    const result = await second.baldur.circuit("mail").forceOpen(BY_ANA);
    expect(result).toMatchObject({ success: true, persisted: false });
    expect([states(), states("mail")]).toEqual([
      ["open", "closed"],
      ["closed", "forced_open"],
    ]);
    await server.restart();
    await all("open");
    await all("forced_open", "mail");
    const event = "layered_repo.drift_reconciliation_completed_reconciled";
    await eventually(() => first.telemetry.named(event).length > 0);
  });

  it("let calls go on when Redis does not answer, and agree again when it does", async () => {
    const [first, second] = [await join(), await join()];
    await fail(first);
    await all("open");
    await server.pause();
    await probe(first);
    await probe(first);
    expect(states()).toEqual(["closed", "open"]);
    const metric = "baldur_circuit_breaker_half_open_degraded_mode_total";
    expect(first.telemetry.value(metric, { service: "db" })).toBeGreaterThan(0);
    await server.resume();
    await probe(second);
    await probe(second);
    await all("closed");
  });

  it("go on where what Redis holds of them is no record", async () => {
    const [first] = [await join(), await join()];
    const { prefix } = await connected();
    await server.command("SET", `${prefix}{cb:db}`, "garbage");
    await fail(first);
    await all("open");
    expect(first?.telemetry.named("circuit_breaker.fleet_record_damaged")).toHaveLength(1);
  });

  it("are told to the index again by whoever heard of them", async () => {
    const client = await connected();
    const clock = systemClock();
    const parts = { client, clock, telemetry: { report: quiet } };
    const [one, other] = [new RedisFleetStore(parts), new RedisFleetStore(parts)];
    let heard = 0;
    const listening = other.subscribe({ heard: () => heard++, gap: quiet });
    const row = {
      name: "db",
      epoch: 0,
      unconfirmed: true,
      state: "open",
      trigger: "failures",
      by: "p",
    } as const;
    const times = { since: one.now(), openUntil: one.now() + HOUR, pinned: 0 };
    for (let epoch = 0; heard === 0; ) ({ epoch } = (await one.publish({ ...row, ...times }, epoch)).record);
    await server.command("DEL", `${client.prefix}cb:changes`);
    await eventually(async () => (await other.changes(0)).length > 0);
    listening[Symbol.dispose]();
    await client.close();
  });
});

async function connected() {
  const client = await connect(server.url, `test-${tests}`);
  await eventually(() => client.available);
  return client;
}

function clockOf(clock: Clock): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    setTimeout: (callback, delay) => clock.setTimeout(callback, delay),
    clearTimeout: (handle) => clock.clearTimeout(handle),
  };
}
