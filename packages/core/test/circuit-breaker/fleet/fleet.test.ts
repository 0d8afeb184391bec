import { describe, expect, it } from "@jest/globals";
import { CircuitOpenError } from "../../../src/circuit-breaker/errors.js";
import { errorOf, succeeds, turn } from "../../runtime.js";
import { TestFleet } from "./fixture.js";

const LIMIT = 3;
const BY_ANA = { actor: "ana", reason: "maintenance" };

describe("a fleet", () => {
  it("asks nothing for calls of closed circuits, and starts no timer for them", async () => {
    const fleet = await TestFleet.of(2);
    const { connection, baldur } = fleet.get(0);
    connection.asked = [];
    const timers = fleet.clock.pending;
    for (let n = 0; n < 1000; n++) await baldur.protect("db", succeeds);
    baldur.circuit("db").acquire().success();
    expect(connection.asked).toEqual([]);
    expect(fleet.clock.pending).toBe(timers);
  });

  it("opens for all when one opens, and only that one reports it as its own", async () => {
    const fleet = await TestFleet.of(3);
    for (const member of [0, 1, 2]) await fleet.succeed(member);
    await fleet.fail(0);
    expect(fleet.states()).toEqual(["open", "open", "open"]);
    const opened = fleet.members.map(({ telemetry }) => telemetry.named("circuit_breaker.opened").length);
    expect(opened).toEqual([1, 0, 0]);
    expect(fleet.get(1).telemetry.named("circuit_breaker.fleet_followed")[0]?.payload).toEqual({
      name: "db",
      previous_state: "closed",
      state: "open",
      trigger: "failures",
      by: "member-0",
    });
    const applied = { service: "db", to_state: "open", outcome: "applied" };
    const metric = "baldur_circuit_breaker_peer_propagation_total";
    expect(fleet.get(1).telemetry.value(metric, applied)).toBe(1);
    expect(fleet.get(1).telemetry.value("baldur_circuit_breaker_trips_total")).toBeUndefined();
  });

  it("has all wait as long as the one that opened it", async () => {
    const fleet = await TestFleet.of(2);
    await fleet.fail(0);
    await fleet.clock.advance(400);
    expect(await errorOf(fleet.get(1).baldur.protect("db", succeeds))).toMatchObject({
      state: "open",
      retryAfter: 600,
    });
    const [first, second] = fleet.members.map(({ baldur }) => baldur.circuit("db").snapshot().openUntil);
    expect(second).toEqual(first);
  });

  it("closes for all after the successes of several, and one of them reports it", async () => {
    const fleet = await TestFleet.of(3);
    for (const member of [0, 1, 2]) await fleet.succeed(member);
    await fleet.fail(0);
    await fleet.clock.advance(1000);
    expect(await fleet.succeed(1)).toBe("ok");
    expect(fleet.states()).toEqual(["half_open", "half_open", "half_open"]);
    expect(fleet.get(2).baldur.circuit("db").snapshot().probes.successes).toBe(0);
    await fleet.succeed(2);
    expect(fleet.states()).toEqual(["closed", "closed", "closed"]);
    const closed = fleet.members.map(({ telemetry }) => telemetry.named("circuit_breaker.closed").length);
    const followed = fleet.members.map(({ telemetry }) =>
      telemetry.named("circuit_breaker.fleet_followed").map(({ payload }) => payload["by"]),
    );
    expect(followed).toEqual([
      ["member-1", "member-2"],
      ["member-0", "member-2"],
      ["member-0", "member-1"],
    ]);
    const halfOpened = fleet.members.map(
      ({ telemetry }) => telemetry.named("circuit_breaker.half_opened").length,
    );
    expect([closed, halfOpened]).toEqual([
      [0, 0, 1],
      [0, 1, 0],
    ]);
    expect(fleet.get(2).telemetry.named("circuit_breaker.closed")[0]?.payload).toMatchObject({
      previous_state: "half_open",
      trigger: "recovery",
      trigger_replay: true,
    });
  });

  it("opens again for all after one failed probe, and waits anew", async () => {
    const fleet = await TestFleet.of(3);
    await fleet.fail(0);
    await fleet.clock.advance(1000);
    const good = fleet.begin(0);
    const bad = fleet.begin(1);
    await turn();
    await bad.fail();
    expect(fleet.states()).toEqual(["open", "open", "open"]);
    await good.succeed();
    expect(fleet.states()).toEqual(["open", "open", "open"]);
    await fleet.clock.advance(999);
    expect(await errorOf(fleet.get(2).baldur.protect("db", succeeds))).toBeInstanceOf(CircuitOpenError);
    await fleet.clock.advance(1);
    expect(await fleet.succeed(2)).toBe("ok");
  });

  it("admits as many probes as one process would, however many processes and calls there are", async () => {
    const fleet = await TestFleet.of(4);
    await fleet.fail(0);
    await fleet.clock.advance(1000);
    const calls = Array.from({ length: 200 }, (_, n) => fleet.begin(n % 4));
    await turn();
    for (const { connection } of fleet.members) {
      const questions = connection.asked.filter((operation) => operation === "acquireProbe");
      expect(questions.length).toBeLessThanOrEqual(LIMIT);
    }
    expect(calls.filter(({ started }) => started)).toHaveLength(LIMIT);
    const refused = await Promise.all(calls.filter(({ started }) => !started).map(({ result }) => result));
    expect(refused.every((error) => error instanceof CircuitOpenError)).toBe(true);
  });

  it("gives a place on as soon as a probe ends, and takes back that of one that never does", async () => {
    const fleet = await TestFleet.of(4, { halfOpenMaxCalls: 1, successThreshold: 1 });
    await fleet.fail(0);
    await fleet.clock.advance(1000);
    const hanging = fleet.begin(1);
    await turn();
    expect(hanging.started).toBe(true);
    expect(await errorOf(fleet.get(2).baldur.protect("db", succeeds))).toMatchObject({ state: "half_open" });
    await fleet.clock.advance(4999);
    expect(await errorOf(fleet.get(2).baldur.protect("db", succeeds))).toMatchObject({ state: "half_open" });
    await fleet.clock.advance(51);
    const next = fleet.begin(2);
    await turn();
    expect(next.started).toBe(true);
    // The place is another's now: neither its failure nor its success says anything.
    await hanging.fail();
    expect(fleet.states()).toEqual(Array(4).fill("half_open"));
    await next.succeed();
    expect(fleet.states()).toEqual(Array(4).fill("closed"));
    expect(fleet.get(2).telemetry.value("baldur_circuit_breaker_half_open_stuck_recovery_total")).toBe(1);
  });

  it("gives the place of a call back whose caller gave up, while it asked and while it ran", async () => {
    const fleet = await TestFleet.of(2, { halfOpenMaxCalls: 1 });
    await fleet.fail(0);
    await fleet.clock.advance(1000);
    for (const when of ["asking", "running"]) {
      const controller = new AbortController();
      const call = fleet.get(0).baldur.protect("db", () => new Promise(() => undefined), {
        signal: controller.signal,
      });
      if (when === "running") await turn();
      controller.abort();
      await errorOf(call);
      await turn();
      await fleet.clock.advance(50);
    }
    expect(await fleet.succeed(1)).toBe("ok");
  });

  it("does not let a call of the closed circuit, that ends late, move what came after", async () => {
    const fleet = await TestFleet.of(2);
    const late = fleet.begin(1);
    await turn();
    await fleet.fail(0);
    await late.fail();
    expect(fleet.get(1).baldur.circuit("db").snapshot().window.failures).toBe(0);
    await fleet.clock.advance(1000);
    await fleet.succeed(0);
    expect(fleet.states()).toEqual(["half_open", "half_open"]);
  });

  it("learns by asking what it did not hear: open, within five seconds", async () => {
    const fleet = await TestFleet.of(2, { recoveryTimeout: 60_000 });
    fleet.get(1).connection.deaf = true;
    await fleet.fail(0);
    expect(fleet.states()).toEqual(["open", "closed"]);
    await fleet.clock.advance(5000);
    expect(fleet.states()).toEqual(["open", "open"]);
  });

  it("looks for changes with one command, as long as all circuits are closed", async () => {
    const fleet = await TestFleet.of(1);
    await fleet.succeed(0);
    const { connection } = fleet.get(0);
    connection.asked = [];
    await fleet.clock.advance(60_000);
    expect(connection.asked).toEqual(Array(12).fill("changes"));
  });

  it("starts from what the others hold", async () => {
    const fleet = await TestFleet.of(1);
    await fleet.fail(0);
    await fleet.get(0).baldur.circuit("mail").forceOpen(BY_ANA);
    const { telemetry } = await fleet.join();
    expect(fleet.states()).toEqual(["open", "open"]);
    expect(fleet.states("mail")).toEqual(["forced_open", "forced_open"]);
    expect(telemetry.named("layered_repo.initial_load_completed")[0]?.payload).toEqual({ circuits: 2 });
  });

  it("starts from memory when the store does not answer in time, and catches up", async () => {
    const fleet = await TestFleet.of(1, { recoveryTimeout: 60_000 });
    await fleet.fail(0);
    const { connection, telemetry } = await fleet.join(undefined, (made) => (made.hangs = true));
    expect(telemetry.named("layered_repo.initial_load_timeout")).toHaveLength(1);
    expect(fleet.states()).toEqual(["open", "closed"]);
    connection.hangs = false;
    await fleet.clock.advance(6000);
    expect(fleet.states()).toEqual(["open", "open"]);
  });

  it("brings in what a process had opened before it joined", async () => {
    const fleet = await TestFleet.of(1);
    const early = fleet.runtime();
    await errorOf(early.baldur.protect("db", () => Promise.reject(new Error("down"))));
    await fleet.join(early);
    await turn();
    expect(fleet.states()).toEqual(["open", "open"]);
  });

  it("goes on alone where it left", async () => {
    const fleet = await TestFleet.of(2);
    await fleet.get(1).fleet.leave();
    await fleet.fail(0);
    expect(fleet.states()).toEqual(["open", "closed"]);
    await fleet.fail(1);
    await fleet.clock.advance(1000);
    await fleet.succeed(1);
    await fleet.succeed(1);
    expect(fleet.states()).toEqual(["open", "closed"]);
    for (const { fleet: joined } of fleet.members) await joined.leave();
    expect(fleet.clock.pending).toBe(0);
  });

  it("neither tells nor asks others while it only tries what it would do", async () => {
    const fleet = await TestFleet.of(2);
    await fleet.get(0).baldur.control.enableDryRun({ actor: "ana" });
    await fleet.fail(0);
    expect(fleet.states()).toEqual(["open", "closed"]);
    await fleet.clock.advance(1000);
    fleet.get(0).connection.asked = [];
    await fleet.succeed(0);
    expect(fleet.get(0).connection.asked).toEqual([]);
    await fleet.get(0).baldur.circuit("db").reset(BY_ANA);
    await fleet.fail(1);
    expect(fleet.states()).toEqual(["open", "open"]);
  });

  it("finds out that a circuit is closed which only the trying had opened", async () => {
    const fleet = await TestFleet.of(2);
    const { baldur, telemetry } = fleet.get(0);
    await baldur.circuit("db").reset(BY_ANA);
    await baldur.control.enableDryRun({ actor: "ana" });
    await fleet.fail(0);
    await baldur.control.disableDryRun({ actor: "ana", confirm: true });
    await fleet.clock.advance(1000);
    expect(fleet.states()).toEqual(["open", "closed"]);
    expect(await fleet.succeed(0)).toBe("ok");
    expect(fleet.states()).toEqual(["closed", "closed"]);
    const metric = "baldur_circuit_breaker_reject_path_convergence_total";
    expect(telemetry.value(metric, { service: "db" })).toBe(1);
  });

  it("shares nothing of the circuit that names without a room of their own have together", async () => {
    const fleet = await TestFleet.of(2, { maxBreakers: 1 });
    const busy = fleet.begin(0, "busy");
    fleet.get(0).connection.asked = [];
    await fleet.fail(0, "crowded");
    expect(fleet.states("crowded")).toEqual(["open", "closed"]);
    expect(fleet.get(0).connection.asked).toEqual([]);
    await busy.succeed();
  });
});

describe("a permit of a circuit that is shared", () => {
  it("is refused first, and has the place that was asked for at the next time", async () => {
    const fleet = await TestFleet.of(2, { halfOpenMaxCalls: 1, successThreshold: 1 });
    await fleet.fail(0);
    await fleet.clock.advance(1000);
    const circuit = fleet.get(1).baldur.circuit("db");
    expect(() => circuit.acquire()).toThrow(CircuitOpenError);
    await turn();
    const permit = circuit.acquire();
    expect(() => circuit.acquire()).toThrow(CircuitOpenError);
    await turn();
    expect(() => fleet.get(0).baldur.circuit("db").acquire()).toThrow(CircuitOpenError);
    permit.success();
    await turn();
    expect(fleet.states()).toEqual(["closed", "closed"]);
  });

  it("that nobody comes for within a second is another's", async () => {
    const fleet = await TestFleet.of(2, { halfOpenMaxCalls: 1 });
    await fleet.fail(0);
    await fleet.clock.advance(1000);
    expect(() => fleet.get(1).baldur.circuit("db").acquire()).toThrow(CircuitOpenError);
    await turn();
    expect(await errorOf(fleet.get(0).baldur.protect("db", succeeds))).toMatchObject({ state: "half_open" });
    await fleet.clock.advance(1000);
    expect(await fleet.succeed(0)).toBe("ok");
    expect(fleet.states()).toEqual(["closed", "closed"]);
  });
});

describe("the quorum of a fleet", () => {
  it("has to be reached before all open; who opened is open all the same", async () => {
    const fleet = await TestFleet.of(4, { fleetQuorum: 2 });
    await fleet.fail(0);
    expect(fleet.states()).toEqual(["open", "closed", "closed", "closed"]);
    expect(fleet.get(0).baldur.circuit("db").snapshot().fleet).toEqual({ votes: 1, quorum: 2 });
    await fleet.fail(1);
    expect(fleet.states()).toEqual(Array(4).fill("open"));
    expect(fleet.get(3).baldur.circuit("db").snapshot().fleet).toEqual({ votes: 2, quorum: 2 });
    expect(fleet.get(1).telemetry.named("circuit_breaker.opened")).toHaveLength(1);
  });

  it("leaves the probes to all once it was reached", async () => {
    const fleet = await TestFleet.of(3, { fleetQuorum: 2 });
    await fleet.fail(0);
    await fleet.fail(1);
    await fleet.clock.advance(1000);
    const calls = Array.from({ length: 30 }, (_, n) => fleet.begin(n % 3));
    await turn();
    expect(calls.filter(({ started }) => started)).toHaveLength(LIMIT);
  });

  it("need not be reached again for a circuit that is not closed", async () => {
    const fleet = await TestFleet.of(3, { fleetQuorum: 2 });
    fleet.get(2).connection.deaf = true;
    await fleet.fail(0);
    await fleet.fail(1);
    await fleet.clock.advance(1000);
    const probe = fleet.begin(0);
    await turn();
    await fleet.fail(2);
    expect(fleet.states()).toEqual(["open", "open", "open"]);
    await probe.succeed();
  });

  it("counts an instance once, and not when its wait is over", async () => {
    const fleet = await TestFleet.of(3, { fleetQuorum: 2 });
    await fleet.fail(0);
    await fleet.clock.advance(1000);
    await fleet.fail(0);
    expect(fleet.states()).toEqual(["open", "closed", "closed"]);
    await fleet.clock.advance(1001);
    await fleet.fail(1);
    expect(fleet.states()).toEqual(["open", "open", "closed"]);
    await fleet.fail(2);
    expect(fleet.states()).toEqual(["open", "open", "open"]);
  });

  it("lets a sick instance recover by itself, and takes its vote back", async () => {
    const fleet = await TestFleet.of(3, { fleetQuorum: 2, recoveryTimeout: 60_000 });
    await fleet.fail(0);
    await fleet.get(0).baldur.circuit("db").reset(BY_ANA);
    await turn();
    await fleet.fail(1);
    expect(fleet.states()).toEqual(["closed", "open", "closed"]);
    await fleet.clock.advance(60_000);
    await fleet.succeed(1);
    await fleet.succeed(1);
    await fleet.fail(2);
    expect(fleet.states()).toEqual(["closed", "closed", "open"]);
  });

  it("is not needed by who opened, whatever the others went through meanwhile", async () => {
    const fleet = await TestFleet.of(3, { fleetQuorum: 2 });
    await fleet.fail(0);
    fleet.get(0).connection.deaf = true;
    await fleet.clock.advance(1100);
    await fleet.fail(1);
    await fleet.fail(2);
    await fleet.clock.advance(1000);
    await fleet.succeed(1);
    await fleet.succeed(1);
    expect(fleet.states()).toEqual(["open", "closed", "closed"]);
    await fleet.clock.advance(5000);
    expect(fleet.states()).toEqual(["open", "closed", "closed"]);
    expect(fleet.get(1).baldur.circuit("db").snapshot().fleet).toEqual({ votes: 0, quorum: 2 });
  });

  it("is counted anew when the store has lost the votes", async () => {
    const fleet = await TestFleet.of(3, { fleetQuorum: 2, recoveryTimeout: 60_000 });
    await fleet.fail(0);
    fleet.server.forget();
    await fleet.clock.advance(5000);
    await fleet.fail(1);
    expect(fleet.states()).toEqual(["open", "open", "open"]);
  });

  it("does not keep an operator from closing what one instance opened", async () => {
    const fleet = await TestFleet.of(2, { fleetQuorum: 2, recoveryTimeout: 60_000 });
    await fleet.fail(0);
    await fleet.clock.advance(1);
    await fleet.get(1).baldur.circuit("db").reset(BY_ANA);
    await turn();
    expect(fleet.states()).toEqual(["closed", "closed"]);
  });
});

describe("an operator of a fleet", () => {
  it("pins a circuit for all, until it is lifted for all", async () => {
    const fleet = await TestFleet.of(3);
    const result = await fleet.get(0).baldur.circuit("db").forceOpen(BY_ANA);
    expect(result).toMatchObject({ success: true, persisted: true, message: "circuit db: forced_open" });
    expect(fleet.states()).toEqual(Array(3).fill("forced_open"));
    expect(fleet.get(2).baldur.circuit("db").snapshot().manual).toMatchObject({
      state: "forced_open",
      actor: "ana",
      until: result.expiresAt,
    });
    await fleet.get(1).baldur.circuit("db").forceClose(BY_ANA);
    expect(fleet.states()).toEqual(Array(3).fill("forced_closed"));
    await fleet.fail(2);
    expect(fleet.states()).toEqual(Array(3).fill("forced_closed"));
    await fleet.get(2).baldur.circuit("db").auto(BY_ANA);
    expect(fleet.states()).toEqual(Array(3).fill("closed"));
  });

  it("resets an open circuit for all", async () => {
    const fleet = await TestFleet.of(3);
    await fleet.fail(0);
    await fleet.get(1).baldur.circuit("db").reset(BY_ANA);
    expect(fleet.states()).toEqual(Array(3).fill("closed"));
    await fleet.fail(2);
    expect(fleet.states()).toEqual(Array(3).fill("open"));
  });

  it("closes what was opened again elsewhere without this process having heard of it", async () => {
    const fleet = await TestFleet.of(2);
    await fleet.fail(0);
    fleet.get(0).connection.deaf = true;
    await fleet.clock.advance(1000);
    await fleet.fail(1);
    await fleet.get(0).baldur.circuit("db").reset(BY_ANA);
    await turn();
    expect(fleet.states()).toEqual(["closed", "closed"]);
  });

  it("reaches a process that does not listen within five seconds", async () => {
    const fleet = await TestFleet.of(2);
    fleet.get(1).connection.deaf = true;
    await fleet.get(0).baldur.circuit("db").forceOpen(BY_ANA);
    await fleet.clock.advance(5000);
    expect(fleet.states()).toEqual(["forced_open", "forced_open"]);
  });

  it("has the last word, also against one who decided a moment before elsewhere", async () => {
    const fleet = await TestFleet.of(2);
    const [first, second] = fleet.members.map(({ baldur }) => baldur.circuit("db"));
    await Promise.all([first?.forceOpen(BY_ANA), second?.forceClose(BY_ANA)]);
    await turn();
    const states = fleet.states();
    expect(states[0]).toBe(states[1]);
    await fleet.clock.advance(1);
    await first?.forceOpen(BY_ANA);
    expect(fleet.states()).toEqual(["forced_open", "forced_open"]);
  });

  it("does not keep the places of probes that ended while he held the circuit open", async () => {
    const fleet = await TestFleet.of(2, { halfOpenMaxCalls: 1 });
    await fleet.fail(0);
    await fleet.clock.advance(1000);
    const probe = fleet.begin(0);
    await turn();
    await fleet.get(1).baldur.circuit("db").forceOpen(BY_ANA);
    await probe.succeed();
    expect(fleet.states()).toEqual(["forced_open", "forced_open"]);
    await fleet.get(1).baldur.circuit("db").auto(BY_ANA);
    expect(await fleet.succeed(1)).toBe("ok");
  });

  it("sees the pin end everywhere, and the circuit go on as it would have", async () => {
    const fleet = await TestFleet.of(2);
    await fleet
      .get(0)
      .baldur.circuit("db")
      .forceOpen({ ...BY_ANA, ttl: 10_000 });
    await fleet.clock.advance(10_000);
    expect(fleet.states()).toEqual(["open", "open"]);
    await fleet.succeed(1);
    await fleet.succeed(0);
    expect(fleet.states()).toEqual(["closed", "closed"]);
  });

  it("is told when the others do not hear of it", async () => {
    const fleet = await TestFleet.of(2);
    fleet.server.away(true);
    const result = await fleet.get(0).baldur.circuit("db").forceOpen(BY_ANA);
    expect(result).toMatchObject({ success: true, persisted: false });
    expect(result.message).toContain("others hear of it once the shared store answers");
    expect(fleet.states()).toEqual(["forced_open", "closed"]);
    fleet.server.away(false);
    await fleet.clock.advance(5000);
    expect(fleet.states()).toEqual(["forced_open", "forced_open"]);
  });
});
