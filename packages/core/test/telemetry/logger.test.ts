import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { createBaldur } from "../../src/baldur.js";
import { JsonLineLogger } from "../../src/telemetry/logger.js";

const { write } = process.stderr;
let output: string;

beforeEach(() => {
  output = "";
  process.stderr.write = ((text: string) => {
    output += text;
    return true;
  }) as typeof write;
});
afterEach(() => {
  process.stderr.write = write;
});

describe("the default logger", () => {
  it.each(["debug", "info", "warn", "error"] as const)(
    "writes one line of JSON to the error stream with %s()",
    (method) => {
      new JsonLineLogger()[method]({ event: "shop.it_happened", text: "two\nlines" });
      expect(output.endsWith("\n")).toBe(true);
      expect(output.trimEnd().split("\n")).toHaveLength(1);
      expect(JSON.parse(output)).toEqual({ event: "shop.it_happened", text: "two\nlines" });
    },
  );

  it("gets the events of a runtime that has no other, one line each", async () => {
    const baldur = createBaldur({ discover: false, env: {}, settings: { control: { backend: "memory" } } });
    await baldur.control.disable({ actor: "ops", reason: "password=hidden\nis text" });
    await baldur.control.enable({ actor: "ops" });
    const lines = output.trimEnd().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual([
      "system_control.kill_switch_activated",
      "system_control.kill_switch_deactivated",
    ]);
  });

  it("44.4 says nothing when a runtime is made, used and closed with default settings", async () => {
    const baldur = createBaldur({ discover: false, env: {}, settings: { control: { backend: "memory" } } });
    await baldur.protect("db", () => 1);
    await baldur.close();
    expect(output.split("\n").filter((line) => /"level":"(warning|error|critical)"/.test(line))).toEqual([]);
  });
});
