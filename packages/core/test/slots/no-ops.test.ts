import { describe, expect, it } from "@jest/globals";
import { noopAudit } from "../../src/slots/audit.js";
import { noopBulkhead } from "../../src/slots/bulkhead.js";
import { noopEmergency } from "../../src/slots/emergency.js";
import { noopFailureRecorder } from "../../src/slots/failure-recorder.js";
import { noopGovernance } from "../../src/slots/governance.js";
import { noopLeaderElection } from "../../src/slots/leader.js";
import { noopMetricsExporter } from "../../src/slots/metrics.js";
import { noopNotifier } from "../../src/slots/notifier.js";
import { noopRollout } from "../../src/slots/rollout.js";
import { SLOTS } from "../../src/slots/slots.js";
import { noopThrottle } from "../../src/slots/throttle.js";
import { noopWatchdog } from "../../src/slots/watchdog.js";

it("has these slots, whose names are part of the public surface", () => {
  expect(SLOTS.map(({ name }) => name)).toEqual([
    "failure-recorder",
    "failure-statistics",
    "bulkhead",
    "emergency",
    "governance",
    "throttle",
    "rollout",
    "notifier",
    "audit",
    "leader",
    "watchdog",
    "metrics",
  ]);
});

describe.each(SLOTS.map(({ name, fallback }) => [name, fallback] as const))(
  "the no-op of %s",
  (_, fallback) => {
    it("says that it is one", () => {
      expect(fallback).toHaveProperty("kind", "no-op");
    });

    it("is shared, so nobody can change it", () => {
      expect(Object.isFrozen(fallback)).toBe(true);
    });
  },
);

describe("what the no-ops answer", () => {
  const failed = {
    name: "charge",
    domain: "payment",
    outcome: "failure",
    error: new Error("gateway is down"),
    failureType: "ERROR",
    attempts: [],
    duration: 12,
    context: {},
    at: new Date(0),
  } as const;

  it("captures nothing, and allocates nothing to say so", () => {
    expect(noopFailureRecorder.capture(failed)).toEqual({ captured: false, reason: "no-op" });
    expect(noopFailureRecorder.capture(failed)).toBe(noopFailureRecorder.capture(failed));
  });

  it("lets everyone into the bulkhead at once", () => {
    const permit = noopBulkhead.acquire({ name: "charge", compartment: "database" });
    expect(permit).not.toBeInstanceOf(Promise);
    expect(permit).toBe(noopBulkhead.acquire({ name: "other", compartment: { maxConcurrent: 1 } }));
  });

  it("exposes no metrics", async () => {
    expect(await noopMetricsExporter.exposition("text/plain")).toBeUndefined();
    expect(noopMetricsExporter.cardinality()).toEqual([]);
  });

  it("knows no emergency", () => {
    expect(noopEmergency.state()).toEqual({ level: 0, automatic: false });
    expect(noopEmergency.admits("non_essential")).toBe(true);
  });

  it("allows every action while Baldur is enabled", async () => {
    const verdict = await noopGovernance.check({
      operation: "replay_single",
      component: "dlq",
      enabled: true,
    });
    expect(verdict).toEqual({ allowed: true, degradedChecks: [] });
  });

  it("pro 9.7 the no-op governance honours the kill switch", async () => {
    const request = { operation: "replay_single", component: "dlq", enabled: false };
    expect(await noopGovernance.check(request)).toMatchObject({ allowed: false, blockedBy: "kill_switch" });
    expect(await noopGovernance.check({ ...request, skip: ["kill_switch"] })).toMatchObject({
      allowed: true,
    });
  });

  it("throttles nothing and invents no limit", () => {
    expect(noopThrottle.check({ key: "client" })).toEqual({ allowed: true });
    expect(noopThrottle.record(12)).toBeUndefined();
    expect(noopThrottle.state()).toEqual({ frozen: false });
  });

  it("has every flag off and no rollout", async () => {
    expect(noopRollout.isEnabled("new-checkout", { key: "user-1" })).toBe(false);
    expect(await noopRollout.holder("dlq")).toBeUndefined();
    expect(await noopRollout.active()).toEqual([]);
  });

  it("oss 33 counts no message as delivered", async () => {
    const result = await noopNotifier.notify({ title: "circuit open", message: "payment" });
    expect(result).toMatchObject({ suppressed: true, suppressionReason: "disabled", channelsSent: [] });
  });

  it("records nothing, and does not know whether a record is intact", async () => {
    expect(await noopAudit.record({ action: "dlq_replay", success: true })).toEqual({
      recorded: false,
      reason: "no-op",
    });
    expect(await noopAudit.integrity()).toBe("unknown");
  });

  it("oss 31.2 never leads", async () => {
    const elector = noopLeaderElection.elector("scheduler");
    await elector.start();
    using subscription = elector.onChange(() => expect("never").toBe("called"));
    expect(subscription).toBeDefined();
    expect(elector).toMatchObject({ resource: "scheduler", state: "not_started" });
    expect([elector.isLeader(), elector.leader(), elector.fencingToken()]).toEqual([
      false,
      undefined,
      undefined,
    ]);
    await elector.stop();
  });

  it("oss 42.12 calls nothing healthy that it has not checked", async () => {
    const unwatched = { overall: "unknown", components: [], escalated: [] };
    expect(noopWatchdog.status()).toEqual(unwatched);
    expect(await noopWatchdog.check()).toEqual(unwatched);
  });
});
