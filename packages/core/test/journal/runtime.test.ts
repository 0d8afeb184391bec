import { describe, expect, it } from "@jest/globals";
import type { Plugin } from "../../src/plugins/plugin.js";
import type { BaldurOptions } from "../../src/runtime-options.js";
import { errorOf, failure, testRuntime } from "../runtime.js";
import { Folder } from "./fixture.js";

const OPS = { actor: "ada", reason: "gateway moves" };

function providing(factory: () => unknown): Plugin {
  return { name: "some-folder", register: (context) => context.provider("embedded", factory) };
}

const inFolder = (folder: Folder, options: BaldurOptions = {}) =>
  testRuntime({ plugins: [providing(() => folder)], ...options });

describe("the journal of a runtime", () => {
  it("is empty before the start, and says so", async () => {
    const { baldur } = testRuntime();
    await baldur.control.disable(OPS);
    await expect(baldur.journal.page()).resolves.toEqual({ entries: [], complete: false });
    await expect(baldur.journal.note(OPS)).resolves.toBe(false);
  });

  it("says afterwards what happened, who did it and why", async () => {
    const { baldur, clock } = testRuntime();
    await baldur.start();
    await baldur.control.disable(OPS);
    await baldur.control.enable(OPS);
    const once = { circuitBreaker: { failureThreshold: 1, minimumCalls: 1 } };
    await errorOf(baldur.protect("payments", () => Promise.reject(failure()), once));
    await baldur.journal.note({ ...OPS, name: "deployment.started", facts: { version: 7 } });
    const { entries, complete } = await baldur.journal.page();
    expect(complete).toBe(true);
    expect(entries).toMatchObject([
      { name: "deployment.started", level: "info", ...OPS, payload: { version: 7 } },
      { name: "circuit_breaker.opened", level: "warning", payload: { name: "payments" } },
      { name: "system_control.kill_switch_deactivated", ...OPS },
      { name: "system_control.kill_switch_activated", ...OPS, at: new Date(clock.now()) },
    ]);
    await baldur.close();
    expect(clock.pending).toBe(0);
  });

  it("has what happened while it started", async () => {
    const broken = providing(() => Promise.reject(new Error("the disk is gone")));
    const { baldur } = testRuntime({ plugins: [broken] });
    await baldur.start();
    const { entries } = await baldur.journal.page({ names: ["storage.embedded_failed"] });
    expect(entries).toMatchObject([{ payload: { error: "the disk is gone" } }]);
  });

  it("outlives it, and is one for all who share the folder", async () => {
    const folder = new Folder();
    const [one, other] = [inFolder(folder), inFolder(folder)];
    await Promise.all([one.baldur.start(), other.baldur.start()]);
    await one.baldur.control.disable(OPS);
    await one.clock.advance(500);
    expect((await other.baldur.journal.page()).entries).toMatchObject([OPS]);
    await one.baldur.control.enable(OPS);
    await one.baldur.close();
    const names = ["system_control.kill_switch_activated", "system_control.kill_switch_deactivated"];
    expect((await other.baldur.journal.page({ names })).entries).toMatchObject([OPS, OPS]);
  });

  it("is where the settings say, or the start is refused", async () => {
    const folder = new Folder();
    const { baldur } = inFolder(folder, { settings: { journal: { backend: "memory" } } });
    await baldur.start();
    await baldur.journal.note(OPS);
    expect((await baldur.journal.page()).entries).toHaveLength(1);
    expect(folder.writes).toBe(0);
    const nowhere = testRuntime({ env: { BALDUR_EVENT_JOURNAL_BACKEND: "redis" } });
    expect(await errorOf(nowhere.baldur.start())).toMatchObject({
      code: "ERR_BALDUR_ADAPTER_NOT_FOUND",
      message: expect.stringContaining("BALDUR_EVENT_JOURNAL_BACKEND is redis"),
    });
  });

  it("is not there where the settings say so", async () => {
    const timers = async (enabled: string): Promise<number> => {
      const { baldur, clock } = testRuntime({ env: { BALDUR_EVENT_JOURNAL_ENABLED: enabled } });
      await baldur.start();
      await baldur.control.disable(OPS);
      const page = await baldur.journal.page();
      expect(page.complete).toBe(enabled === "true");
      expect(page.entries).toHaveLength(enabled === "true" ? 1 : 0);
      return clock.pending;
    };
    expect(await timers("false")).toBe((await timers("true")) - 1); // nothing waits to be written
  });
});
