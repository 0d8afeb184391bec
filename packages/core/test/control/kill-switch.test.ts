import { describe, expect, it } from "@jest/globals";
import type { Baldur } from "../../src/api.js";
import { ConfigurationError } from "../../src/errors.js";
import { errorOf, testRuntime } from "../runtime.js";

const OPS = { actor: "ops", reason: "incident 7" };
type Action = (control: Baldur["control"], change: object) => Promise<unknown>;
const ACTIONS: [string, Action][] = [
  ["disable", (control, change) => control.disable(change as never)],
  ["enable", (control, change) => control.enable(change as never)],
  ["enableDryRun", (control, change) => control.enableDryRun(change as never)],
  ["disableDryRun", (control, change) => control.disableDryRun({ confirm: true, ...change } as never)],
];

describe("the kill switch", () => {
  it("is on, live and unwritten at first", async () => {
    const { baldur } = testRuntime();
    expect(baldur.control).toMatchObject({ enabled: true, dryRun: false });
    await expect(baldur.control.state()).resolves.toEqual({
      enabled: true,
      dryRun: false,
      version: 0,
      persisted: true,
      backend: "memory",
    });
  });

  it("is turned off with a reason, and remembers who, why and when", async () => {
    const { baldur, clock } = testRuntime();
    await clock.advance(5000);
    await expect(baldur.control.disable(OPS)).resolves.toEqual({
      enabled: false,
      dryRun: false,
      version: 1,
      persisted: true,
      backend: "memory",
      disabled: { at: new Date("2026-01-01T00:00:05Z"), by: "ops", reason: "incident 7" },
    });
    expect(baldur.control.enabled).toBe(false);
  });

  it("stays off when it is turned off again, for the first reason", async () => {
    const { baldur } = testRuntime();
    const first = await baldur.control.disable(OPS);
    const second = await baldur.control.disable({ actor: "other", reason: "another" });
    expect(second).toMatchObject({ enabled: false, disabled: first.disabled });
  });

  it("stays on when it is turned on again", async () => {
    const { baldur } = testRuntime();
    await expect(baldur.control.enable({ actor: "ops" })).resolves.toMatchObject({
      enabled: true,
      persisted: true,
    });
  });

  it("forgets the reason when it is turned on", async () => {
    const { baldur } = testRuntime();
    await baldur.control.disable(OPS);
    const state = await baldur.control.enable({ actor: "ops" });
    expect(state).toEqual({ enabled: true, dryRun: false, version: 2, persisted: true, backend: "memory" });
    await expect(baldur.control.disable({ actor: "other", reason: "new" })).resolves.toMatchObject({
      disabled: { by: "other", reason: "new" },
    });
  });

  it.each(ACTIONS)("needs to know who does it: %s", async (_, act) => {
    const { baldur, telemetry } = testRuntime();
    for (const actor of [undefined, "", "  ", 5, "x".repeat(501)]) {
      const error = await errorOf(act(baldur.control, { reason: "why", actor }));
      expect(error).toBeInstanceOf(ConfigurationError);
      expect((error as Error).message).toMatch(/^actor must be a non-empty string of at most 500 characters/);
    }
    expect(telemetry.events).toEqual([]);
    await expect(baldur.control.state()).resolves.toMatchObject({ version: 0 });
  });

  it("needs a reason to be turned off", async () => {
    const { baldur } = testRuntime();
    for (const reason of [undefined, "", "\n", 5, "x".repeat(501)]) {
      const error = await errorOf(baldur.control.disable({ actor: "ops", reason: reason as string }));
      expect(error).toBeInstanceOf(ConfigurationError);
      expect((error as Error).message).toMatch(/^reason must be /);
    }
    expect(baldur.control.enabled).toBe(true);
    await expect(baldur.control.disable({ actor: "ops", reason: "x".repeat(500) })).resolves.toMatchObject({
      enabled: false,
    });
  });

  it("44.4 reports every change with its actor, reason and time, and counts it", async () => {
    const { baldur, telemetry } = testRuntime();
    await baldur.control.disable(OPS);
    await baldur.control.enable({ actor: "ops" });
    await baldur.control.enableDryRun(OPS);
    await baldur.control.disableDryRun({ actor: "ops", confirm: true });
    const at = "2026-01-01T00:00:00.000Z";
    expect(telemetry.events.map(({ name, level, payload }) => [name, level, payload])).toEqual([
      ["system_control.kill_switch_activated", "warning", { ...OPS, at }],
      ["system_control.kill_switch_deactivated", "warning", { actor: "ops", reason: undefined, at }],
      ["system_control.dry_run_enabled", "warning", { ...OPS, at }],
      ["system_control.dry_run_disabled", "warning", { actor: "ops", reason: undefined, at }],
    ]);
    const changes = telemetry.series("baldur_system_control_state_changes_total");
    expect(changes.map(({ labels, value }) => [labels["action"], value])).toEqual([
      ["disable", 1],
      ["enable", 1],
      ["enable_dry_run", 1],
      ["disable_dry_run", 1],
    ]);
  });

  it("44.4 shows in gauges that are read when someone asks", async () => {
    const { baldur, telemetry } = testRuntime();
    const gauges = () =>
      ["enabled", "dry_run"].map((name) => telemetry.value(`baldur_system_control_${name}`));
    expect(gauges()).toEqual([1, 0]);
    await baldur.control.disable(OPS);
    expect(gauges()).toEqual([0, 0]);
    await baldur.control.enableDryRun(OPS);
    expect(gauges()).toEqual([0, 1]);
    await baldur.control.enable(OPS);
    expect(gauges()).toEqual([1, 1]);
  });
});

describe("the dry run", () => {
  it("begins with an actor and ends with a confirmation only", async () => {
    const { baldur } = testRuntime();
    const state = await baldur.control.enableDryRun({ actor: "ops" });
    expect(state).toMatchObject({
      enabled: true,
      dryRun: true,
      dryRunSince: { by: "ops", at: expect.any(Date) },
    });
    for (const confirm of [undefined, false, 1, "true"]) {
      const error = await errorOf(baldur.control.disableDryRun({ actor: "ops", confirm: confirm as true }));
      expect(error).toBeInstanceOf(ConfigurationError);
      expect((error as Error).message).toMatch(/^confirm must be true/);
    }
    expect(baldur.control.dryRun).toBe(true);
    const after = await baldur.control.disableDryRun({ actor: "ops", confirm: true });
    expect(after).toEqual({ enabled: true, dryRun: false, version: 2, persisted: true, backend: "memory" });
  });

  it("outlasts a time of the kill switch", async () => {
    const { baldur } = testRuntime();
    await baldur.control.enableDryRun({ actor: "ops" });
    await baldur.control.disable(OPS);
    await expect(baldur.control.enable({ actor: "ops" })).resolves.toMatchObject({
      dryRun: true,
      dryRunSince: { by: "ops" },
    });
  });

  it.each(["shadow", "evaluation", "SHADOW"])(
    "holds while the execution mode is %s, whatever is said here",
    async (word) => {
      const { baldur } = testRuntime({ env: { BALDUR_EXECUTION_MODE: word } });
      expect(baldur.control.dryRun).toBe(true);
      await baldur.control.enableDryRun({ actor: "ops" });
      const state = await baldur.control.disableDryRun({ actor: "ops", confirm: true });
      expect(state).toMatchObject({ enabled: true, dryRun: true });
      await baldur.start();
      expect(baldur.control.dryRun).toBe(true);
      await baldur.close();
    },
  );

  it("does not hinder the kill switch", async () => {
    const { baldur } = testRuntime({ env: { BALDUR_EXECUTION_MODE: "shadow" } });
    await expect(baldur.control.disable(OPS)).resolves.toMatchObject({ enabled: false, dryRun: true });
  });
});
