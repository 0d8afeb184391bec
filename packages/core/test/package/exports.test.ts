import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import * as gates from "../../src/gates.js";
import * as core from "../../src/index.js";
import * as plugin from "../../src/plugin.js";

const names = (module: object) => Object.keys(module).sort();

describe("the public names", () => {
  it("of @baldur/core", () => {
    expect(names(core)).toEqual([
      "AdapterError",
      "AdapterNotFoundError",
      "BaldurError",
      "BulkheadError",
      "BulkheadFullError",
      "BulkheadTimeoutError",
      "CircuitBreakerError",
      "CircuitOpenError",
      "ConfigurationError",
      "DLQError",
      "DLQReplayError",
      "DomainValidationError",
      "IdempotencyDuplicateError",
      "IdempotencyUnavailableError",
      "RateLimitDeferredError",
      "RateLimitExceededError",
      "ResilienceError",
      "RetryExhaustedError",
      "TimeoutPolicyError",
      "VERSION",
      "createBaldur",
      "domain",
      "init",
      "isBaldurError",
      "onReplay",
      "protect",
      "protectWithMeta",
      "protected",
      "shutdown",
    ]);
  });

  it("of @baldur/core/gates", () => {
    expect(names(gates)).toEqual(["dlqProtect", "domainTag", "idempotent", "rateLimit"]);
  });

  it("of @baldur/core/plugin hold every slot with its no-op", () => {
    for (const slot of [
      "failureRecorder",
      "bulkhead",
      "emergency",
      "governance",
      "throttle",
      "rollout",
      "notifier",
      "audit",
      "leader",
      "watchdog",
    ]) {
      expect(names(plugin)).toContain(`${slot}Slot`);
    }
    expect(names(plugin)).toEqual(
      expect.arrayContaining([
        "definePlugin",
        "defineSlot",
        "defineSettings",
        "defineEvent",
        "defineCounter",
        "defineGauge",
        "defineHistogram",
      ]),
    );
  });

  it("carry the version of the package", () => {
    const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect(core.VERSION).toBe(manifest.version);
  });
});

describe("the errors", () => {
  const classes = Object.entries(core).filter(([name]) => name.endsWith("Error") && name !== "isBaldurError");

  it.each(classes)("%s is named by its class and has the code of its name", (name, errorClass) => {
    const { prototype } = errorClass as { prototype: Error };
    expect(prototype.name).toBe(name);
    expect((errorClass as { name: string }).name).toBe(name);
    expect(prototype instanceof core.BaldurError || name === "BaldurError").toBe(true);
  });

  it("have codes in upper snake case, facts, and survive JSON", () => {
    const error = new core.CircuitOpenError({ name: "db", state: "open", retryAfter: 5 });
    expect(error.code).toBe("ERR_BALDUR_CIRCUIT_OPEN");
    expect(new core.DLQError("x").code).toBe("ERR_BALDUR_DLQ");
    expect(new core.RetryExhaustedError("x", 1, "max_attempts", undefined).code).toBe(
      "ERR_BALDUR_RETRY_EXHAUSTED",
    );
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({
      name: "CircuitOpenError",
      circuit: "db",
      retryAfter: 5,
      retryable: true,
    });
    expect(core.isBaldurError(error, "ERR_BALDUR_CIRCUIT_OPEN")).toBe(true);
    expect(core.isBaldurError(error, "ERR_BALDUR_DLQ")).toBe(false);
    expect(core.isBaldurError(new Error("x"))).toBe(false);
  });

  it("tell classes and subclasses apart", () => {
    const error = new core.CircuitOpenError({ name: "db", state: "open" });
    expect(error instanceof core.CircuitBreakerError).toBe(true);
    expect((error as unknown) instanceof core.ResilienceError).toBe(false);
    class Own extends core.CircuitBreakerError {}
    expect(error instanceof Own).toBe(false);
    expect(new Own("x") instanceof core.CircuitBreakerError).toBe(true);
    expect((null as unknown) instanceof core.BaldurError).toBe(false);
  });
});
