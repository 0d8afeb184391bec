import { type Baldur, createBaldur, type Plugin } from "@baldur/core";
import { createFakeClock, type FakeClock, recordTelemetry } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import { license } from "../src/license.js";
import { licenseSettings } from "../src/settings.js";
import { FOREIGN } from "./golden.js";
import { on } from "./tokens.js";

const DAY = 86_400_000;
const ignore = () => undefined;
const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

const pro = (name: string): Plugin => ({
  name,
  entitlement: license(),
  settings: [licenseSettings],
  register: ignore,
});

function runtime(env: Record<string, string>, clock: FakeClock): Baldur {
  const settings = { control: { backend: "memory" as const } };
  return createBaldur({ clock, env, logger, settings, discover: false, plugins: [pro("a"), pro("b")] });
}

describe("the licence in a runtime", () => {
  it("activates every package, and is told of once", async () => {
    const baldur = runtime({ BALDUR_LICENSE_KEY: FOREIGN }, createFakeClock(on("2026-06-15")));
    const telemetry = recordTelemetry(baldur);
    await baldur.start();
    expect(baldur.posture()).toMatchObject({
      tier: "pro",
      entitlement: { status: "active", expires: "2026-12-31" },
      plugins: [
        { name: "a", status: "active" },
        { name: "b", status: "active" },
      ],
    });
    expect(telemetry.named("entitlement.token_validated")).toHaveLength(1);
    expect(telemetry.events.filter(({ level }) => level === "warning")).toEqual([]);
    await baldur.close();
  });

  it("ends while the process runs: packages stay active, what operators see turns", async () => {
    const clock = createFakeClock(on("2026-12-31"));
    const baldur = runtime({ BALDUR_LICENSE_KEY: FOREIGN }, clock);
    const telemetry = recordTelemetry(baldur);
    await baldur.start();
    await clock.advance(DAY);
    await new Promise(setImmediate);
    expect(baldur.posture()).toMatchObject({
      tier: "oss",
      entitlement: { status: "expired", reason: "the licence expired on 2026-12-31" },
    });
    expect(baldur.posture().plugins.map(({ status }) => status)).toEqual(["active", "active"]);
    expect(telemetry.named("entitlement.token_invalid").map(({ payload }) => payload)).toEqual([
      { reason: "the licence expired on 2026-12-31" },
    ]);
    await baldur.close();
  });

  it("is neither shown nor quoted anywhere when it is garbage", async () => {
    const garbage = "garbage-".repeat(20);
    const baldur = runtime({ BALDUR_LICENSE_KEY: garbage }, createFakeClock(on("2026-06-15")));
    const telemetry = recordTelemetry(baldur);
    await baldur.start();
    expect(baldur.posture().plugins.map(({ status }) => status)).toEqual(["inert", "inert"]);
    const shown = JSON.stringify([baldur.posture(), telemetry.events, baldur.settings.describe()]);
    expect(shown).not.toContain("garbage-");
    expect(telemetry.named("baldur.unknown_env_var_detected")).toEqual([]);
    await baldur.close();
  });

  it("is no option", async () => {
    const settings = { license: { key: FOREIGN } };
    const baldur = createBaldur({ env: {}, logger, settings, discover: false, plugins: [pro("a")] });
    await expect(baldur.start()).rejects.toThrow(
      "license.key must be given as the variable BALDUR_LICENSE_KEY; received a secret",
    );
    await baldur.close();
  });
});
