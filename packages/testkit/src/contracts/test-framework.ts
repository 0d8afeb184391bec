import type * as Jest from "@jest/globals";

type TestFramework = Pick<typeof Jest, "afterEach" | "describe" | "expect" | "it">;

/**
 * The functions of the test framework that runs the suites, from its globals: importing them would make the whole kit
 * unusable outside it. Throws where there are none.
 */
export function testFramework(): TestFramework {
  const { afterEach, describe, expect, it } = globalThis as unknown as Partial<TestFramework>;
  if (afterEach === undefined || describe === undefined || expect === undefined || it === undefined) {
    throw new Error("a contract kit needs the globals of jest, or of a framework that has the same");
  }
  return { afterEach, describe, expect, it };
}
