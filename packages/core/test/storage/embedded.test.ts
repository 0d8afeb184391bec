import { describe, expect, it } from "@jest/globals";
import type { KeyValueStore } from "../../src/kv/kv.js";
import { MemoryKeyValueStore } from "../../src/kv/stores/memory.js";
import type { Plugin } from "../../src/plugins/plugin.js";
import type { BaldurOptions } from "../../src/runtime-options.js";
import { errorOf, succeeds, testRuntime, turn } from "../runtime.js";

/** What a folder would be: outlives the runtimes that share it. */
class Durable extends MemoryKeyValueStore {
  override readonly durable = true;
  closes = 0;

  override async close(): Promise<void> {
    this.closes++;
  }
}

const providing = (provide: () => Promise<KeyValueStore>): Plugin => ({
  name: "embedded",
  register: ({ provider }) => provider("embedded", provide),
});
const on = (map: KeyValueStore, options: BaldurOptions = {}) =>
  testRuntime({ plugins: [providing(async () => map)], ...options });
const PRODUCTION = { BALDUR_ENVIRONMENT: "production", BALDUR_DATA_DIR: "/data" };
const FILE = { control: { backend: "file" as const } };
const KEY = { idempotencyKey: "orderId", context: { orderId: 7 } };
const OPS = { actor: "ops", reason: "incident" };

describe("a runtime with an embedded store", () => {
  it("says so, and closes it last", async () => {
    const map = new Durable();
    const { baldur } = on(map);
    expect(baldur.posture().storage).toBe("memory");
    await baldur.start();
    expect(baldur.posture()).toMatchObject({ storage: "embedded", degraded: [] });
    await baldur.close();
    expect(map.closes).toBe(1);
  });

  it.each([
    ["embedded", "embedded"],
    ["auto", "file"],
  ] as const)("says what the kill switch is kept in: %s", async (backend, kept) => {
    const { baldur } = on(new Durable(), {
      settings: { control: { backend } },
      env: { BALDUR_DATA_DIR: "/data" },
    });
    await baldur.start();
    await expect(baldur.control.state()).resolves.toMatchObject({ backend: kept });
    await baldur.close();
  });

  it("agrees with others, and with those after it, on what work was done", async () => {
    const map = new Durable();
    const [one, other] = [on(map).baldur, on(map).baldur];
    await Promise.all([one.start(), other.start()]);
    await one.protect("charge", succeeds, KEY);
    expect(await errorOf(other.protect("charge", succeeds, KEY))).toMatchObject({ decision: "skip" });
    const next = on(map).baldur;
    await next.start();
    expect(await errorOf(next.protect("charge", succeeds, KEY))).toMatchObject({ decision: "skip" });
  });

  it("does nothing again that was done before it started", async () => {
    const { baldur } = on(new Durable());
    await baldur.protect("charge", succeeds, KEY);
    await baldur.start();
    expect(await errorOf(baldur.protect("charge", succeeds, KEY))).toMatchObject({ decision: "skip" });
  });

  it("settles a claim where it was made when the start came in between", async () => {
    const map = new Durable();
    const [{ baldur }, other] = [on(map), on(map).baldur];
    let finish: (value: string) => void = () => undefined;
    const call = baldur.protect("charge", () => new Promise<string>((resolve) => (finish = resolve)), KEY);
    await Promise.all([baldur.start(), other.start()]);
    expect(await errorOf(baldur.protect("charge", succeeds, KEY))).toMatchObject({ decision: "abort" });
    finish("paid");
    await expect(call).resolves.toBe("paid");
    expect(await errorOf(baldur.protect("charge", succeeds, KEY))).toMatchObject({ decision: "skip" });
    // What one process did before it was started is known to it alone.
    await expect(other.protect("charge", succeeds, KEY)).resolves.toBe("ok");
  });

  it("shares the keys of work that failed before it started", async () => {
    const map = new Durable();
    const [{ baldur }, other] = [on(map), on(map).baldur];
    await errorOf(baldur.protect("charge", () => Promise.reject(new Error("down")), KEY));
    await Promise.all([baldur.start(), other.start()]);
    await baldur.protect("charge", succeeds, KEY);
    expect(await errorOf(other.protect("charge", succeeds, KEY))).toMatchObject({ decision: "skip" });
  });

  it("forgets what it knew from before its start, as time goes", async () => {
    const { baldur, clock } = on(new Durable());
    await baldur.protect("charge", succeeds, KEY);
    await baldur.start();
    await clock.advance(3_600_000);
    await expect(baldur.protect("charge", succeeds, KEY)).resolves.toBe("ok");
  });

  it("guards in production", async () => {
    const { baldur } = on(new Durable(), { env: PRODUCTION, settings: FILE });
    await baldur.start();
    await expect(baldur.protect("charge", succeeds, KEY)).resolves.toBe("ok");
    expect(await errorOf(baldur.protect("charge", succeeds, KEY))).toMatchObject({ decision: "skip" });
  });

  it("refuses the call whose key it cannot look up", async () => {
    const map = new MemoryKeyValueStore();
    Object.assign(map, { durable: true });
    const { baldur } = on(map);
    await baldur.start();
    await map.close();
    expect(await errorOf(baldur.protect("charge", succeeds, KEY))).toMatchObject({
      code: "ERR_BALDUR_IDEMPOTENCY_UNAVAILABLE",
    });
  });
});

describe("an embedded store that cannot be opened", () => {
  const broken = providing(() => Promise.reject(new Error("the disk is gone")));

  it("is told once and replaced by memory", async () => {
    const { baldur, telemetry } = testRuntime({ plugins: [broken] });
    await baldur.start();
    expect(telemetry.named("storage.embedded_failed").map(({ payload }) => payload)).toEqual([
      { error: "the disk is gone" },
    ]);
    expect(baldur.posture()).toMatchObject({
      storage: "memory",
      degraded: [expect.stringContaining("the disk is gone")],
    });
    await expect(baldur.protect("charge", succeeds, KEY)).resolves.toBe("ok");
  });

  it("keeps production from starting, with everything that is missing in one message", async () => {
    const { baldur } = testRuntime({ plugins: [broken], env: PRODUCTION });
    const error = await errorOf(baldur.start());
    expect(error).toMatchObject({
      code: "ERR_BALDUR_CONFIGURATION",
      problems: [expect.stringContaining("the disk is gone"), expect.stringContaining("the kill switch")],
    });
  });
});

describe("the kill switch in the embedded store", () => {
  const EMBEDDED = { control: { backend: "embedded" as const } };

  it("is one for all who share the store, and outlives them", async () => {
    const map = new Durable();
    const [one, other] = [on(map, { settings: EMBEDDED }), on(map, { settings: EMBEDDED })];
    await Promise.all([one.baldur.start(), other.baldur.start()]);
    await expect(one.baldur.control.disable(OPS)).resolves.toMatchObject({ enabled: false, persisted: true });
    await other.clock.advance(1000);
    expect(other.baldur.control.enabled).toBe(false);
    await other.baldur.control.enable(OPS);
    await one.clock.advance(1000);
    expect(one.baldur.control.enabled).toBe(true);
    await one.baldur.control.disable(OPS);
    await Promise.all([one.baldur.close(), other.baldur.close()]);
    const next = on(map, { settings: EMBEDDED }).baldur;
    await next.start();
    expect(next.control.enabled).toBe(false);
  });

  it("takes effect before the start, and is stored afterwards", async () => {
    const map = new Durable();
    const { baldur, clock, telemetry } = on(map, { settings: EMBEDDED });
    await expect(baldur.control.disable(OPS)).resolves.toMatchObject({ enabled: false, persisted: false });
    expect(telemetry.named("system_control.persist_failed")[0]?.payload["error"]).toMatch(/start\(\)/);
    await baldur.start();
    await clock.advance(5000);
    await turn();
    await expect(baldur.control.state()).resolves.toMatchObject({ enabled: false, persisted: true });
  });

  it("is reported and begun anew when what is stored makes no sense", async () => {
    const map = new Durable();
    const first = on(map, { settings: EMBEDDED });
    await first.baldur.start();
    await first.baldur.control.disable(OPS);
    const name = map.read((reader) => reader.keys({ from: "document:", to: "document;" }))[0] as string;
    await map.write((writer) => writer.put(name, "{"));
    const { baldur, telemetry } = on(map, { settings: EMBEDDED });
    await baldur.start();
    const [told] = telemetry.named("documents.document_quarantined");
    expect(told?.payload).toMatchObject({ file: name });
    expect(map.read((reader) => reader.get(told?.payload["kept_as"] as string))).toBe("{");
    await expect(baldur.control.enable(OPS)).resolves.toMatchObject({ persisted: true });
  });

  it("needs a package that provides the store", async () => {
    const { baldur } = testRuntime({ settings: EMBEDDED });
    expect(await errorOf(baldur.start())).toMatchObject({ code: "ERR_BALDUR_ADAPTER_NOT_FOUND" });
  });
});
