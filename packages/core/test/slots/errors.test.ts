import { describe, expect, it } from "@jest/globals";
import { BulkheadError, BulkheadFullError, BulkheadTimeoutError } from "../../src/bulkhead/errors.js";
import { BaldurError, isBaldurError, ResilienceError } from "../../src/errors.js";
import { DLQError, DLQReplayError } from "../../src/failure-capture/errors.js";

const full = new BulkheadFullError({ compartment: "database", active: 12, limit: 10 });
const timeout = new BulkheadTimeoutError({ compartment: "database", active: 10, limit: 10, waitTimeout: 50 });
const replay = new DLQReplayError("op-1", "the order is cancelled", { cause: "upstream" });

describe("errors of the slots", () => {
  it.each([
    [new BulkheadError("refused"), "BulkheadError", "ERR_BALDUR_BULKHEAD", true],
    [full, "BulkheadFullError", "ERR_BALDUR_BULKHEAD_FULL", true],
    [timeout, "BulkheadTimeoutError", "ERR_BALDUR_BULKHEAD_TIMEOUT", true],
    [new DLQError("refused"), "DLQError", "ERR_BALDUR_DLQ", false],
    [replay, "DLQReplayError", "ERR_BALDUR_DLQ_REPLAY", false],
  ])("%s has its name, code and retryability", (error, name, code, retryable) => {
    expect(error).toMatchObject({ name, code, retryable });
    expect(isBaldurError(error, code)).toBe(true);
  });

  it("stand where the tree of errors has them", () => {
    for (const error of [full, timeout]) {
      expect(error).toBeInstanceOf(BulkheadError);
      expect(error).toBeInstanceOf(ResilienceError);
    }
    expect(full).not.toBeInstanceOf(BulkheadTimeoutError);
    expect(replay).toBeInstanceOf(DLQError);
    expect(replay).toBeInstanceOf(BaldurError);
    expect(replay).not.toBeInstanceOf(ResilienceError);
  });

  it("pro 17.18 shows the occupancy, which a lowered limit may leave above the limit", () => {
    expect(full.message).toBe("bulkhead database is full: 12/10 active");
    expect(timeout.message).toBe("bulkhead database gave no place within 50 ms: 10/10 active");
  });

  it("carry their facts", () => {
    expect(full.context()).toEqual({ compartment: "database", active: 12, limit: 10 });
    expect(timeout.context()).toEqual({ compartment: "database", active: 10, limit: 10, waitTimeout: 50 });
    expect(replay.toJSON()).toMatchObject({ operationId: "op-1", reason: "the order is cancelled" });
    expect(replay.cause).toBe("upstream");
  });
});
