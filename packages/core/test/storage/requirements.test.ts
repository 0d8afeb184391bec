import { describe, expect, it } from "@jest/globals";
import type { RuntimeSettings, StorageSettings } from "../../src/settings/runtime.js";
import { requireDurableStores, type StorageRequirements } from "../../src/storage/requirements.js";

const READ_ONLY = "the database is read-only: is it a standby?";

/** What production asks of an application with a database that answers, unless it is said otherwise. */
function problemsOf(given: Partial<StorageRequirements>, dataDir?: string): readonly string[] {
  const requirements: StorageRequirements = {
    runtime: { environment: "production" } as RuntimeSettings,
    storage: { dataDir } as StorageSettings,
    control: { backend: "auto" },
    isProvided: (kind) => kind === "sql" || (kind === "embedded" && dataDir !== undefined),
    isReached: () => true,
    ...given,
  };
  try {
    requireDurableStores(requirements);
    return [];
  } catch (error) {
    return (error as { problems: readonly string[] }).problems;
  }
}

describe("production", () => {
  it("starts on a server that answers and takes writes", () => {
    expect(problemsOf({})).toEqual([]);
  });

  it("needs one that takes writes, unless a folder remembers too: then an incident does not keep it down", () => {
    expect(problemsOf({ unwritable: [READ_ONLY] })).toEqual([READ_ONLY]);
    expect(problemsOf({ unwritable: [READ_ONLY] }, "/var/lib/shop")).toEqual([]);
    expect(problemsOf({ isReached: () => false }, "/var/lib/shop")).toEqual([]);
  });

  it("lists everything that is missing at once", () => {
    const nothing = { isProvided: () => false, control: { backend: "memory" }, embeddedProblem: "a folder" };
    expect(problemsOf(nothing)).toEqual([
      expect.stringContaining("idempotency would forget with the process"),
      "a folder",
      expect.stringContaining("the kill switch would forget with the process"),
    ]);
  });
});
