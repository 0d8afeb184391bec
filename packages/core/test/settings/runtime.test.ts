import { describe, expect, it } from "@jest/globals";
import { createBaldur } from "../../src/baldur.js";
import { ConfigurationError } from "../../src/errors.js";
import { environmentProblem, isProduction, type RuntimeSettings } from "../../src/settings/runtime.js";
import { SILENT, testRuntime } from "../runtime.js";

const named = (environment: string | undefined) => ({ environment }) as RuntimeSettings;

function refusal(make: () => unknown): ConfigurationError {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return error as ConfigurationError;
  }
  throw new Error("it was not refused");
}

describe("the name of the environment", () => {
  it.each(["prod", "live", "release", "stable", "PROD", "Live"])(
    "must not be %s, and production is named",
    (name) => {
      expect(environmentProblem(named(name))).toContain('must be "production"');
      const error = refusal(() => testRuntime({ env: { BALDUR_ENVIRONMENT: name } }));
      expect(error.problems).toEqual([
        `BALDUR_ENVIRONMENT must be "production" for production; received ${JSON.stringify(name)}`,
      ]);
    },
  );

  it.each(["production", "staging", "test", "products", "livestock", undefined])("may be %s", (name) => {
    expect(environmentProblem(named(name))).toBeUndefined();
  });

  it("means production in any case, and nothing else does", () => {
    expect(
      ["production", "PRODUCTION", "staging", undefined].map((name) => isProduction(named(name))),
    ).toEqual([true, true, false, false]);
  });
});

describe("a runtime with settings that break their rules", () => {
  const env = {
    BALDUR_RETRY_MAX_ATTEMPTS: "many",
    BALDUR_METRICS_ENABLED: "perhaps",
    BALDUR_ENVIRONMENT: "prod",
  };

  it("is refused with every problem at once", () => {
    const { problems, message } = refusal(() =>
      testRuntime({ env, settings: { metrics: { maxSeries: 1 } } }),
    );
    expect(problems).toHaveLength(4);
    expect(message).toBe(problems.join("\n"));
    for (const name of [...Object.keys(env), "metrics.maxSeries"]) expect(message).toContain(name);
  });

  it("#43.18 tells onFatalConfig instead, and the defaults are in force", () => {
    const told: ConfigurationError[] = [];
    const { baldur } = testRuntime({ env, onFatalConfig: (error) => told.push(error) });
    expect(told).toHaveLength(1);
    expect(told[0]?.problems).toHaveLength(3);
    const rows = baldur.settings.describe();
    expect(rows.find(({ variable }) => variable === "BALDUR_METRICS_ENABLED")).toMatchObject({
      value: true,
      source: "default",
    });
  });

  it("#43.18 tells onFatalConfig once, also when it is started", async () => {
    const told: ConfigurationError[] = [];
    const onFatalConfig = (error: ConfigurationError) => void told.push(error);
    const { baldur } = testRuntime({ env, onFatalConfig });
    await baldur.start();
    await baldur.close();
    expect(told).toHaveLength(1);
  });

  it("reports them as an event where they are not refused", () => {
    const lines: object[] = [];
    const error = (fields: object) => void lines.push(fields);
    const logger = { ...SILENT, warn: error, error };
    createBaldur({ env, discover: false, logger, onFatalConfig: () => undefined });
    expect(lines).toEqual([expect.objectContaining({ problems: expect.any(Array) })]);
  });
});

describe("a runtime that is started", () => {
  it("refuses areas that no plugin brought, with the nearest", async () => {
    const { baldur } = testRuntime({ settings: { retyr: {} } });
    await expect(baldur.start()).rejects.toThrow(
      "settings.retyr is not an area of settings; did you mean retry?",
    );
  });

  it("warns about variables that nobody reads, with the nearest", async () => {
    const { baldur, telemetry } = testRuntime({ env: { BALDUR_METRICS_ENABLE: "1" } });
    await baldur.start();
    await baldur.close();
    const warnings = telemetry.events.filter(({ payload }) => "env_var" in payload);
    expect(warnings.map(({ payload }) => payload)).toEqual([
      { env_var: "BALDUR_METRICS_ENABLE", nearest: "BALDUR_METRICS_ENABLED" },
    ]);
  });

  it("says nothing about them where that is suppressed", async () => {
    const env = { BALDUR_METRICS_ENABLE: "1", BALDUR_SUPPRESS_UNKNOWN_ENV_WARNING: "on" };
    const { baldur, telemetry } = testRuntime({ env });
    await baldur.start();
    await baldur.close();
    expect(telemetry.events.filter(({ payload }) => "env_var" in payload)).toEqual([]);
  });

  it("44.4 knows its own variables", async () => {
    const settings = testRuntime().baldur.settings.describe();
    const env = Object.fromEntries(
      settings
        .filter(({ default: value }) => typeof value === "boolean")
        .map(({ variable, default: value }) => [variable, String(value)]),
    );
    const { baldur, telemetry } = testRuntime({ env });
    await baldur.start();
    await baldur.close();
    expect(telemetry.events.filter(({ payload }) => "env_var" in payload)).toEqual([]);
  });
});
