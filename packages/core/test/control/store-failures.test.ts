import { createFakeClock, type FakeClock, type RecordedTelemetry, recordTelemetry } from "@baldur/testkit";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { hotClock } from "../../src/clock.js";
import { KillSwitch } from "../../src/control/kill-switch.js";
import { MemoryDocumentStore } from "../../src/documents/stores/memory.js";
import { TelemetryHub } from "../../src/telemetry/telemetry.js";
import { turn } from "../runtime.js";
import { Unreliable } from "./stores.js";

const OPS = { actor: "ops", reason: "incident 7" };
const KEY = "system_control";

let clock: FakeClock;
let shared: MemoryDocumentStore;
let store: Unreliable;
let telemetry: RecordedTelemetry;
let control: KillSwitch;

function create(documents: Unreliable): { control: KillSwitch; telemetry: RecordedTelemetry } {
  const hub = new TelemetryHub(clock);
  const parts = {
    clock: hotClock(clock),
    telemetry: hub,
    documents,
    backend: () => "redis" as const,
    dryRunFloor: false,
  };
  return { control: new KillSwitch(parts), telemetry: recordTelemetry({ telemetry: hub }) };
}

beforeEach(() => {
  clock = createFakeClock();
  shared = new MemoryDocumentStore(clock);
  store = new Unreliable(shared);
  ({ control, telemetry } = create(store));
});

describe("a change that cannot be stored", () => {
  beforeEach(() => {
    store.writable = false;
  });

  it("#43.5 is in force here, says that it is not stored, and reports it", async () => {
    await expect(control.disable(OPS)).resolves.toMatchObject({
      enabled: false,
      persisted: false,
      version: 0,
    });
    expect(control.enabled).toBe(false);
    expect(telemetry.named("system_control.persist_failed").map(({ level }) => level)).toEqual(["error"]);
  });

  it("#43.5 is not said to be unstored while it is being stored for the first time", async () => {
    let fail: () => void = () => undefined;
    const failing = new Promise<never>((_, reject) => {
      fail = () => reject(new Error("the store cannot be written"));
    });
    store.compareAndSet = () => failing;
    const changing = control.disable(OPS);
    await turn();
    expect(control).toMatchObject({ enabled: false, persisted: true });
    fail();
    await changing;
    expect(control.persisted).toBe(false);
  });

  it("#43.5 is tried again every second until it is stored", async () => {
    await control.disable(OPS);
    await clock.advance(999);
    expect(store.writes).toBe(1);
    await clock.advance(1);
    expect(store.writes).toBe(2);
    await clock.advance(3000);
    expect(store.writes).toBe(5);
    store.writable = true;
    await clock.advance(1000);
    await expect(control.state()).resolves.toMatchObject({ enabled: false, persisted: true, version: 1 });
    await clock.advance(60_000);
    expect(store.writes).toBe(6);
  });

  it("44.4 is not undone by a refresh", async () => {
    await control.start();
    await control.disable(OPS);
    await expect(control.state()).resolves.toMatchObject({ enabled: false, persisted: false });
    await shared.compareAndSet(KEY, 0, { enabled: true, dryRun: true });
    expect(control).toMatchObject({ enabled: false, dryRun: true });
    store.writable = true;
    await clock.advance(1000);
    await expect(control.state()).resolves.toMatchObject({
      enabled: false,
      dryRun: true,
      version: 2,
      persisted: true,
    });
  });

  it("44.4 is stored in order with those after it", async () => {
    await control.disable(OPS);
    await control.enableDryRun({ actor: "ops" });
    await control.enable({ actor: "ops" });
    store.writable = true;
    await clock.advance(1000);
    await expect(shared.read(KEY)).resolves.toMatchObject({
      version: 1,
      value: { enabled: true, dryRun: true },
    });
  });

  it("is stored when the runtime closes, if it can be by then", async () => {
    await control.disable(OPS);
    store.writable = true;
    await control.close();
    await expect(shared.read(KEY)).resolves.toMatchObject({ value: { enabled: false } });
    expect(clock.pending).toBe(0);
  });

  it("leaves no timer behind when the runtime closes and it still cannot be stored", async () => {
    await control.disable(OPS);
    await control.close();
    expect(clock.pending).toBe(0);
  });
});

describe("a state that cannot be read", () => {
  const warnings = () => telemetry.named("system_control.state_unreadable").map(({ level }) => level);

  it("counts as enabled and live, with one warning", async () => {
    store.readable = false;
    await control.start();
    for (let n = 0; n < 3; n++) {
      await expect(control.state()).resolves.toMatchObject({ enabled: true, dryRun: false });
    }
    expect(warnings()).toEqual(["warning"]);
  });

  it.each([[{ enabled: "no" }], [{}], [[]], [{ enabled: true }]])(
    "because it is %j counts the same",
    async (value) => {
      await shared.compareAndSet(KEY, 0, value);
      await control.start();
      await expect(control.state()).resolves.toMatchObject({ enabled: true, dryRun: false });
      await control.state();
      expect(warnings()).toEqual(["warning"]);
    },
  );

  it("44.4 keeps the last one that was read in force, and warns anew after it could be read again", async () => {
    await shared.compareAndSet(KEY, 0, { enabled: false, dryRun: false });
    await control.start();
    for (let n = 0; n < 2; n++) {
      store.readable = false;
      await expect(control.state()).resolves.toMatchObject({ enabled: false });
      store.readable = true;
      await expect(control.state()).resolves.toMatchObject({ enabled: false });
    }
    expect(warnings()).toEqual(["warning", "warning"]);
  });

  it("can be replaced", async () => {
    await shared.compareAndSet(KEY, 0, { other: "shape" });
    await expect(control.disable(OPS)).resolves.toMatchObject({
      enabled: false,
      version: 2,
      persisted: true,
    });
  });

  it("44.4 is not taken for newer than a change made while it was being read", async () => {
    await control.start();
    let release: () => void = () => undefined;
    store.delay = new Promise((resolve) => (release = resolve));
    const slow = control.state();
    store.delay = undefined;
    await turn();
    await control.disable(OPS);
    release();
    await slow;
    expect(control.enabled).toBe(false);
  });
});

describe("several switches on one store", () => {
  it("follow each other once they are started", async () => {
    const other = create(new Unreliable(shared)).control;
    await control.start();
    await other.start();
    await control.disable(OPS);
    expect(other.enabled).toBe(false);
    await other.enable({ actor: "other" });
    expect(control.enabled).toBe(true);
  });

  it("keep each other's part of the state when they change it at once", async () => {
    const other = create(new Unreliable(shared)).control;
    const states = await Promise.all([control.disable(OPS), other.enableDryRun({ actor: "other" })]);
    expect(states.every(({ persisted }) => persisted)).toBe(true);
    await expect(shared.read(KEY)).resolves.toMatchObject({
      version: 2,
      value: { enabled: false, dryRun: true },
    });
  });

  it("store every change that one of them is told at once, in order", async () => {
    const changes = [
      control.disable(OPS),
      control.enable(OPS),
      control.enableDryRun(OPS),
      control.disable(OPS),
    ];
    const states = await Promise.all(changes);
    expect(states.every(({ persisted }) => persisted)).toBe(true);
    await expect(shared.read(KEY)).resolves.toMatchObject({ value: { enabled: false, dryRun: true } });
  });
});
