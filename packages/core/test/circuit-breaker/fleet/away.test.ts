import { describe, expect, it } from "@jest/globals";
import { CircuitOpenError } from "../../../src/circuit-breaker/errors.js";
import { errorOf, succeeds, turn } from "../../runtime.js";
import { type Member, TestFleet } from "./fixture.js";

const BY_ANA = { actor: "ana", reason: "maintenance" };
/** With a random number of 0.5. */
const JITTER = 2500;
const RECONCILED = "layered_repo.drift_reconciliation_completed_reconciled";
const alone = ({ telemetry }: Member, what: string) =>
  telemetry.value(`baldur_circuit_breaker_${what}_degraded_mode_total`, { service: "db" });

describe("a process whose store is away", () => {
  it("goes on by itself, and says where it did", async () => {
    const fleet = await TestFleet.of(2);
    fleet.server.away(true);
    await fleet.fail(0);
    expect(fleet.states()).toEqual(["open", "closed"]);
    await fleet.clock.advance(1000);
    await fleet.succeed(0);
    expect(fleet.states()).toEqual(["half_open", "closed"]);
    await fleet.succeed(0);
    expect(fleet.states()).toEqual(["closed", "closed"]);
    expect([alone(fleet.get(0), "trip"), alone(fleet.get(0), "half_open")]).toEqual([1, 2]);
  });

  it("decides by itself how probes ended that the fleet gave", async () => {
    const fleet = await TestFleet.of(2);
    await fleet.fail(0);
    await fleet.clock.advance(1000);
    const [first, second, third] = [fleet.begin(0), fleet.begin(0), fleet.begin(1)];
    await turn();
    fleet.server.away(true);
    await first.succeed();
    await second.succeed();
    await third.fail();
    expect(fleet.states()).toEqual(["closed", "open"]);
    expect(alone(fleet.get(0), "close_check")).toBe(2);
    expect(alone(fleet.get(1), "open_check")).toBe(1);
  });

  it("has no call wait longer than the limit, and does not ask again after three failures", async () => {
    const fleet = await TestFleet.of(1);
    await fleet.fail(0);
    await fleet.clock.advance(1000);
    const { connection, telemetry, baldur } = fleet.get(0);
    connection.hangs = true;
    const waiting = fleet.begin(0);
    await turn();
    await fleet.clock.advance(999);
    expect(waiting.started).toBe(false);
    await fleet.clock.advance(1);
    expect(waiting.started).toBe(true);
    expect(alone(fleet.get(0), "half_open")).toBe(1);
    await waiting.succeed();
    await fleet.clock.advance(10_000);
    expect(telemetry.named("layered_repo.l2_quarantined")[0]?.payload).toEqual({
      adapter_type: "circuit_breaker",
      consecutive_failures: 3,
    });
    await expect(baldur.protect("db", succeeds)).resolves.toBe("ok");
    connection.hangs = false;
    await fleet.clock.advance(6000);
    expect(telemetry.named("layered_repo.l2_recovered")).toHaveLength(1);
  });

  it("gives back a place that comes too late", async () => {
    const fleet = await TestFleet.of(2, { halfOpenMaxCalls: 1 });
    await fleet.fail(0);
    await fleet.clock.advance(1000);
    const { connection } = fleet.get(0);
    const granted = connection.acquireProbe;
    let answer = () => {};
    connection.acquireProbe = async (...args) => {
      const made = await granted(...args);
      await new Promise<void>((resolve) => (answer = resolve));
      return made;
    };
    const late = fleet.begin(0);
    await turn();
    expect(await errorOf(fleet.get(1).baldur.protect("db", succeeds))).toBeInstanceOf(CircuitOpenError);
    await fleet.clock.advance(1000);
    expect(late.started).toBe(true);
    answer();
    await turn();
    expect(await fleet.succeed(1)).toBe("ok");
  });

  it("tells the others what it opened as soon as the store is back, and they wait as long", async () => {
    const fleet = await TestFleet.of(2, { recoveryTimeout: 60_000 });
    fleet.server.away(true);
    await fleet.fail(0);
    const until = fleet.get(0).baldur.circuit("db").snapshot().openUntil;
    fleet.server.away(false);
    expect(fleet.states()).toEqual(["open", "closed"]);
    await fleet.clock.advance(JITTER - 1);
    expect(fleet.states()).toEqual(["open", "closed"]);
    await fleet.clock.advance(1);
    expect(fleet.states()).toEqual(["open", "open"]);
    expect(fleet.get(1).baldur.circuit("db").snapshot().openUntil).toEqual(until);
  });

  it("catches up when messages come again, and says nothing where none was missed", async () => {
    const fleet = await TestFleet.of(3, { recoveryTimeout: 60_000 });
    for (const member of [0, 1, 2]) await fleet.succeed(member);
    fleet.get(1).connection.deaf = true;
    await fleet.clock.advance(1000);
    await fleet.fail(0);
    for (const member of [1, 2]) fleet.get(member).connection.gap();
    await fleet.clock.advance(JITTER);
    expect(fleet.states()).toEqual(["open", "open", "open"]);
    expect(fleet.get(1).telemetry.named(RECONCILED)).toHaveLength(1);
    expect(fleet.get(2).telemetry.named(RECONCILED)).toHaveLength(0);
  });

  it("tells them too when it was a connection alone that was lost", async () => {
    const fleet = await TestFleet.of(2, { recoveryTimeout: 60_000 });
    const { connection } = fleet.get(0);
    connection.away(true);
    await fleet.fail(0);
    connection.away(false, false);
    await fleet.clock.advance(JITTER);
    expect(fleet.states()).toEqual(["open", "open"]);
  });

  it("tells them before it probes, if that comes first", async () => {
    const fleet = await TestFleet.of(2);
    await fleet.get(1).baldur.circuit("db").reset(BY_ANA);
    fleet.get(0).connection.away(true);
    await fleet.fail(0);
    fleet.get(0).connection.away(false);
    await fleet.clock.advance(1000);
    await fleet.succeed(0);
    expect(fleet.states()).toEqual(["half_open", "half_open"]);
  });

  it("says once what diverged, and what became of it", async () => {
    const fleet = await TestFleet.of(2, { recoveryTimeout: 60_000 });
    await fleet.fail(0, "mail");
    const { connection, fleet: member, telemetry } = fleet.get(0);
    connection.away(true);
    await fleet.fail(0);
    await fleet.get(1).baldur.circuit("mail").forceClose(BY_ANA);
    connection.away(false);
    await fleet.clock.advance(JITTER);
    expect(telemetry.named(RECONCILED)[0]?.payload).toEqual({
      reconciled_count: 2,
      l1_wins_count: 1,
      l2_wins_count: 1,
    });
    const divergences = await member.reconcile();
    expect(divergences).toMatchObject([
      { feature: "circuit-breaker", key: "mail", merged: { pin: { state: "forced_closed" } } },
      { feature: "circuit-breaker", key: "db", local: { state: "open" }, merged: { state: "open" } },
    ]);
    expect(await member.reconcile()).toEqual([]);
  });

  it("compares at once where it is asked to", async () => {
    const fleet = await TestFleet.of(2, { recoveryTimeout: 60_000 });
    const { connection, fleet: member } = fleet.get(0);
    connection.away(true);
    await fleet.fail(0);
    connection.away(false);
    expect(await member.reconcile()).toHaveLength(1);
    expect(fleet.states()).toEqual(["open", "open"]);
  });

  it("follows what the others went through, where nothing of its own stands against it", async () => {
    const fleet = await TestFleet.of(2);
    await fleet.fail(0);
    fleet.get(0).connection.away(true);
    await fleet.clock.advance(1000);
    await fleet.succeed(1);
    await fleet.succeed(1);
    fleet.get(0).connection.away(false);
    await fleet.clock.advance(JITTER);
    expect(fleet.states()).toEqual(["closed", "closed"]);
  });

  it("brings its own recovery along, if nothing else has happened", async () => {
    const fleet = await TestFleet.of(2);
    await fleet.fail(0);
    fleet.get(0).connection.away(true);
    await fleet.clock.advance(1000);
    await fleet.succeed(0);
    await fleet.succeed(0);
    expect(fleet.states()).toEqual(["closed", "open"]);
    fleet.get(0).connection.away(false);
    await fleet.clock.advance(JITTER);
    expect(fleet.states()).toEqual(["closed", "closed"]);
  });

  it("does not close with it what the others opened again meanwhile", async () => {
    const fleet = await TestFleet.of(2);
    await fleet.fail(0);
    fleet.get(0).connection.away(true);
    await fleet.clock.advance(1000);
    await fleet.succeed(0);
    await fleet.succeed(0);
    await fleet.fail(1);
    expect(fleet.states()).toEqual(["closed", "open"]);
    fleet.get(0).connection.away(false);
    await fleet.clock.advance(JITTER);
    expect(fleet.states()[0]).toBe("open");
  });

  it("opens the others again with what it opened, whatever they went through meanwhile", async () => {
    const fleet = await TestFleet.of(2, { recoveryTimeout: 10_000 });
    await fleet.fail(1);
    fleet.get(0).connection.away(true);
    await fleet.clock.advance(10_000);
    await fleet.fail(0);
    await fleet.succeed(1);
    await fleet.succeed(1);
    expect(fleet.states()).toEqual(["open", "closed"]);
    fleet.get(0).connection.away(false);
    await fleet.clock.advance(JITTER);
    expect(fleet.states()).toEqual(["open", "open"]);
  });

  it("has the newer of two pins hold afterwards", async () => {
    const fleet = await TestFleet.of(2);
    for (const [first, second] of [
      [0, 1],
      [1, 0],
    ] as const) {
      fleet.get(0).connection.away(true);
      await fleet.get(first).baldur.circuit("db").forceOpen(BY_ANA);
      await fleet.clock.advance(10);
      await fleet.get(second).baldur.circuit("db").forceClose(BY_ANA);
      fleet.get(0).connection.away(false);
      await fleet.clock.advance(JITTER);
      expect(fleet.states()).toEqual(["forced_closed", "forced_closed"]);
    }
  });

  it("does not lift a pin with anything that happened by itself", async () => {
    const fleet = await TestFleet.of(2);
    fleet.get(0).connection.away(true);
    await fleet.get(1).baldur.circuit("db").forceClose(BY_ANA);
    await fleet.fail(0);
    fleet.get(0).connection.away(false);
    await fleet.clock.advance(JITTER);
    expect(fleet.states()).toEqual(["forced_closed", "forced_closed"]);
  });
});

describe("a process whose store is slow", () => {
  it("lets no call probe on a place in a state that is over", async () => {
    const fleet = await TestFleet.of(2, { recoveryTimeout: 100 });
    await fleet.fail(0);
    await fleet.clock.advance(100);
    fleet.get(0).connection.latency = (what) => (what === "answer" ? 500 : 0);
    const late = fleet.begin(0);
    await turn();
    await fleet.fail(1);
    await fleet.clock.advance(500);
    expect(await late.result).toBeInstanceOf(CircuitOpenError);
    expect(fleet.states()).toEqual(["open", "open"]);
    fleet.get(0).connection.latency = () => 0;
    await fleet.clock.advance(1000);
    expect(await fleet.succeed(0)).toBe("ok");
  });

  it("counts no probe of its own for the fleet, when it is back", async () => {
    const fleet = await TestFleet.of(2);
    await fleet.fail(0);
    fleet.get(0).connection.away(true);
    await fleet.clock.advance(1000);
    const alone = [fleet.begin(0), fleet.begin(0)];
    await turn();
    await fleet.succeed(1);
    fleet.get(0).connection.away(false);
    await fleet.clock.advance(JITTER);
    for (const call of alone) await call.succeed();
    expect(fleet.states()).toEqual(["half_open", "half_open"]);
    await fleet.succeed(0);
    expect(fleet.states()).toEqual(["closed", "closed"]);
  });
});

describe("a store that lost its data", () => {
  it("does not bring back a pin that was lifted while its process was away", async () => {
    const fleet = await TestFleet.of(3);
    await fleet.get(0).baldur.circuit("db").forceOpen(BY_ANA);
    fleet.get(0).connection.away(true);
    await fleet.clock.advance(10);
    await fleet.get(1).baldur.circuit("db").reset(BY_ANA);
    fleet.server.forget();
    fleet.get(0).connection.away(false);
    await fleet.clock.advance(2 * JITTER);
    // What the process knew of comes back as what it is without the pin: due for a probe.
    expect(fleet.states()).toEqual(["open", "open", "open"]);
    await fleet.succeed(1);
    await fleet.succeed(2);
    expect(fleet.states()).toEqual(["closed", "closed", "closed"]);
  });

  it("means unknown, never closed, and is told again", async () => {
    const fleet = await TestFleet.of(3, { recoveryTimeout: 60_000 });
    await fleet.fail(0);
    await fleet.get(0).baldur.circuit("mail").forceOpen(BY_ANA);
    const until = fleet.get(0).baldur.circuit("db").snapshot().openUntil;
    fleet.server.forget();
    await fleet.clock.advance(5000);
    expect(fleet.states()).toEqual(["open", "open", "open"]);
    const { baldur } = await fleet.join();
    expect(baldur.circuit("db").snapshot()).toMatchObject({ state: "open", openUntil: until });
    expect(baldur.circuit("mail").state).toBe("forced_open");
  });

  it("is told before anyone probes, and nobody probes while probes may be under way", async () => {
    const fleet = await TestFleet.of(2, { halfOpenMaxCalls: 1, probeTimeout: 3000 });
    await fleet.fail(0);
    await fleet.clock.advance(1000);
    const running = fleet.begin(0);
    await turn();
    expect(running.started).toBe(true);
    fleet.server.forget();
    expect(await errorOf(fleet.get(1).baldur.protect("db", succeeds))).toBeInstanceOf(CircuitOpenError);
    await fleet.clock.advance(2999);
    expect(await errorOf(fleet.get(1).baldur.protect("db", succeeds))).toBeInstanceOf(CircuitOpenError);
    await running.succeed();
    await fleet.clock.advance(1);
    expect(await fleet.succeed(1)).toBe("ok");
  });

  it("hears of a trip after that from a process that knew nothing", async () => {
    const fleet = await TestFleet.of(2);
    await fleet.fail(0);
    await fleet.clock.advance(1000);
    await fleet.succeed(0);
    await fleet.succeed(0);
    fleet.server.forget();
    await fleet.join();
    await fleet.clock.advance(10);
    await fleet.fail(2);
    expect(fleet.states()).toEqual(["open", "open", "open"]);
  });
});
