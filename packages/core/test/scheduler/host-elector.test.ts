import { createFakeClock } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import { hotClock } from "../../src/clock.js";
import { HostElector } from "../../src/scheduler/host-elector.js";
import { leaderElectionSettings } from "../../src/scheduler/settings.js";
import type { TelemetryEvent } from "../../src/telemetry/event.js";
import { TelemetryHub } from "../../src/telemetry/telemetry.js";
import { defaultsOf } from "../health/fixture.js";
import { failure, turn } from "../runtime.js";

/** A lock whose answers a test decides. */
class Lock {
  free = true;
  broken = false;
  readonly asked: string[] = [];
  answer: () => Promise<boolean> = async () => this.free;
  acquire = (): Promise<boolean> => this.#ask("acquire");
  renew = (): Promise<boolean> => this.#ask("renew");
  async release(): Promise<void> {
    await this.#ask("release");
  }
  #ask(what: string): Promise<boolean> {
    this.asked.push(what);
    return this.broken ? Promise.reject(failure("read-only file system")) : this.answer();
  }
}

function candidate() {
  const clock = createFakeClock();
  const telemetry = new TelemetryHub(clock);
  const events: TelemetryEvent[] = [];
  telemetry.subscribe((event) => events.push(event));
  const lock = new Lock();
  const settings = defaultsOf(leaderElectionSettings); // a lease of 30 s, renewed every 7, tried for every 5
  const elector = new HostElector({
    resource: "scheduler",
    nodeId: "host-1",
    lock,
    clock: hotClock(clock),
    random: () => 0.5,
    telemetry,
    settings,
  });
  const changes: boolean[] = [];
  elector.onChange((leading) => changes.push(leading));
  const gauge = (name: string) =>
    telemetry.metrics().find((sample) => sample.name === `baldur_leader_elector_${name}`)?.value;
  const told = () => events.map(({ name }) => name.replace("leader_election.", ""));
  return { elector, clock, lock, changes, gauge, told };
}

describe("a candidate", () => {
  it("leads when it has the lock, and says so", async () => {
    const { elector, clock, changes, gauge, told } = candidate();
    expect([elector.state, elector.isLeader(), elector.leader()]).toEqual(["not_started", false, undefined]);
    await elector.start();
    expect(elector).toMatchObject({ state: "leader", resource: "scheduler" });
    expect(elector.isLeader()).toBe(true);
    expect(elector.leader()).toEqual({
      nodeId: "host-1",
      electedAt: new Date(clock.now()),
      leaseExpiresAt: new Date(clock.now() + 27_000),
      fencingToken: clock.now(),
      isSelf: true,
    });
    expect(elector.fencingToken()).toBe(clock.now());
    await clock.advance(20_000);
    expect([changes, told()]).toEqual([[true], ["leadership_acquired"]]);
    expect([gauge("is_leader"), gauge("elections_total"), gauge("leadership_duration_seconds")]).toEqual([
      1, 1, 20,
    ]);
    expect(gauge("lease_expire_timestamp")).toBe((clock.now() - 6000 + 27_000) / 1000); // last renewed at 14 s
  });

  it("that came second tries again and again, and leads when the seat is free", async () => {
    const { elector, clock, lock, changes, gauge } = candidate();
    lock.free = false;
    await elector.start();
    await clock.advance(14_999);
    expect([elector.state, lock.asked, changes, gauge("is_leader")]).toEqual([
      "follower",
      ["acquire", "acquire", "acquire"],
      [],
      0,
    ]);
    expect(gauge("leadership_duration_seconds")).toBeUndefined();
    lock.free = true;
    await clock.advance(1);
    expect([elector.isLeader(), changes]).toEqual([true, [true]]);
  });

  it("that finds itself succeeded steps down", async () => {
    const { elector, clock, lock, changes, told } = candidate();
    await elector.start();
    lock.free = false;
    await clock.advance(7000);
    expect([elector.state, elector.isLeader(), changes]).toEqual(["follower", false, [true, false]]);
    expect(told()).toEqual(["leadership_acquired", "leadership_lost"]);
  });

  it("keeps its lease through a failure to renew it, and not beyond", async () => {
    const { elector, clock, lock, gauge, told } = candidate();
    await elector.start();
    lock.broken = true;
    await clock.advance(26_999);
    expect(elector.isLeader()).toBe(true);
    await clock.advance(1);
    expect(elector.isLeader()).toBe(false);
    await clock.advance(7000);
    expect(elector.state).toBe("follower");
    expect(told()).toEqual(["leadership_acquired", "election_failed", "leadership_lost"]);
    expect(gauge("renew_errors_total")).toBeGreaterThanOrEqual(4);
  });

  it("that was asleep for longer than its lease does not lead before it has asked again", async () => {
    const { elector, clock, lock } = candidate();
    await elector.start();
    let release: (held: boolean) => void = () => undefined;
    lock.answer = () => new Promise((resolve) => (release = resolve));
    await clock.advance(7000); // it asks, and the process sleeps
    await clock.advance(60_000);
    expect(elector.isLeader()).toBe(false);
    release(true); // an answer of a minute ago
    await turn();
    expect(elector.isLeader()).toBe(false);
  });

  it("gives the seat up when it stops, also one that it only just got", async () => {
    const { elector, clock, lock, changes } = candidate();
    let release: (held: boolean) => void = () => undefined;
    lock.answer = () => new Promise((resolve) => (release = resolve));
    const starting = elector.start();
    const stopping = elector.stop();
    release(true);
    await turn();
    release(true);
    await Promise.all([starting, stopping]);
    expect([lock.asked, changes, clock.pending]).toEqual([["acquire", "release"], [], 0]);
    expect([elector.state, elector.isLeader()]).toEqual(["stopped", false]);
    await elector.stop();
    await elector.start();
    expect(lock.asked).toHaveLength(2);
  });

  it("that leads tells that it does not any more when it stops, and a lock that breaks then is no error", async () => {
    const { elector, lock, changes } = candidate();
    await elector.start();
    lock.broken = true;
    await elector.stop();
    expect(changes).toEqual([true, false]);
    expect(elector.leader()).toBeUndefined();
  });
});
