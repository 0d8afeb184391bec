// With the packages that stand beside it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { embedded } from "@baldur/embedded";
import { prometheus } from "@baldur/prometheus";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { ask, REMOTE, TestRuntime, until } from "./fixture.js";

jest.setTimeout(30_000);

describe("with @baldur/prometheus", () => {
  it("a scraper has its page, and who looks has the series", async () => {
    const runtime = await TestRuntime.start({ plugins: [prometheus()] });
    const handler = runtime.handler();
    await runtime.baldur.protect("prices", () => 5);
    const page = await ask(handler, "GET /prometheus", REMOTE);
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(page.text).toMatch(/^baldur_protect_duration_seconds_count\{[^}]*name="prices"[^}]*\} 1$/m);
    const { json } = await ask(handler, "GET /metrics");
    expect(json["metrics"]).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: "baldur_protect_duration_seconds", count: 1 }),
      ]),
    );
    expect(json["cardinality"]).toEqual(
      expect.arrayContaining([expect.objectContaining({ metric: "baldur_protect_duration_seconds" })]),
    );
    expect((await ask(handler, "GET /posture")).json).toMatchObject({ metrics: "prometheus" });
    await runtime[Symbol.asyncDispose]();
  });
});

describe("with @baldur/embedded", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "baldur-admin-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const start = (): Promise<TestRuntime> =>
    TestRuntime.start({
      plugins: [embedded({ path: folder })],
      settings: { storage: { dataDir: folder }, control: { backend: "embedded", pollInterval: 50 } },
    });

  it("what is done at one process holds for the others of the host, and stays when all have gone", async () => {
    const [first, second] = [await start(), await start()];
    const handler = first.handler({ unlock: true });
    expect(
      (await ask(handler, "POST /system/disable", { body: { reason: "incident 7" } })).json,
    ).toMatchObject({
      persisted: true,
      backend: "embedded",
    });
    await until("followed", () => !second.baldur.control.enabled);
    for (const runtime of [first, second]) await runtime[Symbol.asyncDispose]();
    const third = await start();
    expect((await ask(third.handler(), "GET /system/status")).json).toMatchObject({
      status: "disabled",
      disabled: { by: "loopback", reason: "incident 7" },
    });
    const { json } = await ask(third.handler(), "GET /journal?names=admin.action");
    expect(json["entries"]).toMatchObject([{ actor: "loopback", reason: "incident 7" }]);
    await third[Symbol.asyncDispose]();
  });
});
