import { describe, expect, it } from "@jest/globals";
import { declarations } from "../../src/declarations.js";
import { contributionOf, RULED } from "../../src/report/tally.js";
import type { Level } from "../../src/telemetry/event.js";

const contribution = (name: string, payload: Record<string, unknown> = {}, level: Level = "info") =>
  contributionOf({ name, level, payload, at: new Date(0) });

describe("what an event adds to its day", () => {
  it.each(RULED.filter((name) => !name.startsWith("dlq")))(
    "is that of an event that there is: %s",
    (name) => {
      expect(declarations().events.map((event) => event.name)).toContain(name);
    },
  );

  it.each([
    ["circuit_breaker.half_opened", {}, { circuit_transitions: 1, processed: 1, automatic_transitions: 1 }],
    ["circuit_breaker.opened", { trigger: "manual" }, { circuit_transitions: 1, circuit_opened: 1 }],
    ["circuit_breaker.closed", { trigger: "manual" }, { circuit_transitions: 1, circuit_closed: 1 }],
    ["dlq_replay.completed", { success: true, trigger: "manual_replay" }, { dlq_resolved: 1 }],
    [
      "dlq_replay.completed",
      { success: true, trigger: "scheduled_batch" },
      { dlq_resolved: 1, processed: 1 },
    ],
    ["dlq_replay.completed", { success: false }, undefined],
    ["dlq_replay.exhausted", {}, { dlq_max_retries_exhausted: 1 }],
    [
      "dlq.entry_operated",
      { action: "resolve", success: true },
      { dlq_manual_resolutions: 1, dlq_resolved: 1 },
    ],
    ["dlq.entry_operated", { action: "reject", success: true }, { dlq_manual_resolutions: 1 }],
    ["dlq.entry_operated", { action: "replay", success: true }, undefined],
    ["dlq.entry_operated", { action: "resolve", success: false }, undefined],
    ["dlq.entries_expired", { entries: 4 }, { processed: 4, expired: 4, dlq_ttl_expired: 4 }],
    ["dlq.entries_archived", { entries: 4 }, { processed: 4, archived: 4 }],
    ["dlq.entries_purged", { entries: 4 }, { processed: 4, purged: 4 }],
    ["dlq.stale_released", { entries: 4 }, { processed: 4, recovered: 4 }],
    ["dlq.entry_created", { count: "many" }, { dlq_new_entries: 0 }],
    [
      "dlq_replay.batch_completed",
      { trigger: "scheduled_batch", success_count: 3, failed_count: 1 },
      { auto_replay_batches: 1, auto_replay_recovered: 3, auto_replay_failed: 1 },
    ],
    ["dlq_replay.batch_completed", { trigger: "manual_replay", success_count: 3 }, undefined],
  ])("%s %j", (name, payload, counts) => {
    expect(contribution(name, payload)?.counts).toEqual(counts);
  });

  it("is an alert where it is critical, and its name where it is a warning that nothing else counts", () => {
    expect(contribution("a.b", { error: "no disk" }, "critical")).toEqual({
      counts: { critical_alerts: 1 },
      entry: { task_name: "a.b", result: { reason: "no disk" }, severity: "critical" },
    });
    expect(contribution("a.b", {}, "error")).toEqual({ custom: "a.b" });
    expect(contribution("a.b", {}, "info")).toBeUndefined();
  });
});
