import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { circuitPolicy } from "../../src/circuit-breaker/options.js";
import { circuitBreakerSettings } from "../../src/circuit-breaker/settings.js";
import {
  INITIAL,
  type Input,
  type Snapshot,
  transition,
  tripTrigger,
} from "../../src/circuit-breaker/transition.js";
import type { CircuitBreakerSettings } from "../../src/circuit-breaker/types.js";
import { runs } from "../runtime.js";

const defaults = Object.fromEntries(
  Object.entries(circuitBreakerSettings.fields).map(([key, field]) => [key, field.default]),
) as unknown as CircuitBreakerSettings;
const policy = circuitPolicy(defaults, { recoveryTimeout: 1000, probeTimeout: 500 }, "test");

const event = fc.oneof(
  fc.record({ kind: fc.constant("trip" as const), trigger: fc.constant("failures" as const) }),
  fc.record({ kind: fc.constant("admit" as const) }),
  fc.record({
    kind: fc.constant("end" as const),
    how: fc.constantFrom("success", "failure", "neutral"),
    of: fc.nat(20),
  }),
  fc.record({
    kind: fc.constant("pin" as const),
    state: fc.constantFrom("forced_open", "forced_closed"),
    ttl: fc.option(fc.integer({ min: 1, max: 3000 })),
  }),
  fc.record({ kind: fc.constantFrom("unpin", "reset") }),
);
const history = fc.array(fc.tuple(event, fc.nat(800)), { maxLength: 60 });

type Event = typeof event extends fc.Arbitrary<infer E> ? E : never;

function inputOf(step: Event, probe: number, now: number): Input {
  switch (step.kind) {
    case "trip":
      return { kind: "trip", trigger: "failures" };
    case "admit":
      return { kind: "admit", probe };
    case "end":
      return { kind: "probe_ended", probe: step.of, how: step.how as "success" };
    case "pin": {
      const until = step.ttl === null ? {} : { until: now + step.ttl };
      return { kind: "pin", pin: { state: step.state as "forced_open", reason: "r", actor: "a", ...until } };
    }
    default:
      return { kind: step.kind as "unpin" };
  }
}

describe("the circuit's transition", () => {
  it("never lets more probes live than allowed, never reuses a generation, and is never wedged", () => {
    fc.assert(
      fc.property(history, (steps) => {
        let snapshot: Snapshot = INITIAL;
        let now = 0;
        let probe = 0;
        for (const [step, wait] of steps) {
          now += wait;
          const { snapshot: next } = transition(snapshot, inputOf(step, ++probe, now), policy, now);
          const at = now;
          const live = next.state === "half_open" ? next.probes.filter(({ deadline }) => deadline > at) : [];
          expect(live.length).toBeLessThanOrEqual(policy.halfOpenMaxCalls);
          expect(next.generation).toBeGreaterThanOrEqual(snapshot.generation);
          if (next.state !== snapshot.state) expect(next.generation).toBeGreaterThan(snapshot.generation);
          snapshot = next;
        }
        expect(recovers(snapshot, now)).toBe(true);
      }),
      { numRuns: runs(500) },
    );
  });

  it("takes an outcome only from a probe that is out", () => {
    let snapshot = transition(INITIAL, { kind: "trip", trigger: "failures" }, policy, 0).snapshot;
    snapshot = transition(snapshot, { kind: "admit", probe: 1 }, policy, 1000).snapshot;
    const after = transition(snapshot, { kind: "probe_ended", probe: 99, how: "failure" }, policy, 1001);
    expect(after).toEqual({ snapshot, effects: [] });
  });

  it("M3 M11 gives the slot of a probe that never returns to another", () => {
    let snapshot = transition(INITIAL, { kind: "trip", trigger: "failures" }, policy, 0).snapshot;
    for (let probe = 1; probe <= 3; probe++)
      snapshot = transition(snapshot, { kind: "admit", probe }, policy, 1000).snapshot;
    expect(transition(snapshot, { kind: "admit", probe: 4 }, policy, 1499).admission).toBe("refuse");
    expect(transition(snapshot, { kind: "admit", probe: 4 }, policy, 1500).admission).toBe("probe");
  });

  it("#43.15 lowers a success threshold above the number of probes", () => {
    expect(circuitPolicy(defaults, { successThreshold: 5, halfOpenMaxCalls: 2 }, "x").successThreshold).toBe(
      2,
    );
  });

  it("goes on as an open circuit when a forced one expires, and as a closed one after a forced close", () => {
    const pin = (state: "forced_open" | "forced_closed"): Snapshot =>
      transition(INITIAL, { kind: "pin", pin: { state, reason: "r", actor: "a", until: 100 } }, policy, 0)
        .snapshot;
    expect(transition(pin("forced_open"), { kind: "admit", probe: 1 }, policy, 100).admission).toBe("probe");
    expect(transition(pin("forced_closed"), { kind: "admit", probe: 1 }, policy, 100).admission).toBe("pass");
    expect(transition(pin("forced_open"), { kind: "admit", probe: 1 }, policy, 99).admission).toBe("refuse");
  });
});

/** Once every pin is lifted and the waits are over, two good probes close whatever state a circuit is in. */
function recovers(from: Snapshot, at: number): boolean {
  const now = at + policy.recoveryTimeout + policy.probeTimeout;
  let snapshot = transition(from, { kind: "unpin" }, policy, now).snapshot;
  for (let probe = 1000; probe < 1002; probe++) {
    const admitted = transition(snapshot, { kind: "admit", probe }, policy, now);
    if (admitted.admission === "pass") return true;
    snapshot = transition(
      admitted.snapshot,
      { kind: "probe_ended", probe, how: "success" },
      policy,
      now,
    ).snapshot;
  }
  return snapshot.state === "closed";
}

describe("what trips a circuit", () => {
  const totals = { calls: 0, failures: 0, slow: 0, rateLimited: 0 };

  it("44.4 needs the minimum of calls, the number and the share of failures together", () => {
    expect(tripTrigger({ ...totals, calls: 9, failures: 9 }, 9, policy)).toBeUndefined();
    expect(tripTrigger({ ...totals, calls: 10, failures: 4 }, 4, policy)).toBeUndefined();
    expect(tripTrigger({ ...totals, calls: 100, failures: 9 }, 1, policy)).toBeUndefined();
    expect(tripTrigger({ ...totals, calls: 10, failures: 5 }, 1, policy)).toBe("failures");
  });

  it("44.4 trips a service that fails for one call in three", () => {
    expect(tripTrigger({ ...totals, calls: 30, failures: 10 }, 1, policy)).toBe("failures");
  });

  it("leaves the share out at 0, as a guard of its own", () => {
    const literal = circuitPolicy(defaults, { failureRateThreshold: 0 }, "x");
    expect(tripTrigger({ ...totals, calls: 100, failures: 5 }, 1, literal)).toBe("failures");
  });

  it("44.4 needs no minimum for failures in a row, where that trigger is on", () => {
    const consecutive = circuitPolicy(defaults, { consecutiveFailureThreshold: 3 }, "x");
    expect(tripTrigger({ ...totals, calls: 3, failures: 3 }, 3, consecutive)).toBe("consecutive_failures");
    expect(tripTrigger({ ...totals, calls: 3, failures: 3 }, 2, consecutive)).toBeUndefined();
  });

  it("opens for slow calls only where they are defined", () => {
    const slow = circuitPolicy(defaults, { slowCallDuration: 100 }, "x");
    expect(tripTrigger({ ...totals, calls: 10, slow: 5 }, 0, slow)).toBe("slow_calls");
    expect(tripTrigger({ ...totals, calls: 10, slow: 4 }, 0, slow)).toBeUndefined();
    expect(tripTrigger({ ...totals, calls: 10, slow: 10 }, 0, policy)).toBeUndefined();
  });

  it("opens for a cascade of answers 429", () => {
    expect(tripTrigger({ ...totals, calls: 20, rateLimited: 10 }, 0, policy)).toBe("rate_limit_cascade");
    expect(tripTrigger({ ...totals, calls: 19, rateLimited: 19 }, 0, policy)).toBeUndefined();
    expect(tripTrigger({ ...totals, calls: 100, rateLimited: 9 }, 0, policy)).toBeUndefined();
  });
});
