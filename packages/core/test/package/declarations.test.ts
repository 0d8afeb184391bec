import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { declarations } from "../../src/declarations.js";
import * as core from "../../src/index.js";

const src = fileURLToPath(new URL("../../src", import.meta.url));
const files = (readdirSync(src, { recursive: true }) as string[]).filter((file) => file.endsWith(".ts"));
const text = (file: string): string => readFileSync(join(src, file), "utf8");
/** Everything that is neither a declaration nor a list of them. */
const users = files
  .filter((file) => !/(^|\/)(settings|events|metrics)\.ts$|^declarations\.ts$|^plugin\.ts$/.test(file))
  .map(text)
  .join("\n");
const uses = (name: string): number => users.match(new RegExp(`\\b${name}\\b`, "g"))?.length ?? 0;
const declared = (suffix: RegExp): string[] =>
  files
    .filter((file) => suffix.test(file))
    .flatMap((file) =>
      [...text(file).matchAll(/export const (\w+): (?:Event|Metric)Definition/g)].map(
        ([, name]) => name as string,
      ),
    );

describe("what is declared", () => {
  it.each(declared(/(^|\/)events\.ts$|^posture\.ts$/))("event %s has an emitter", (name) => {
    expect(uses(name)).toBeGreaterThan(0);
  });

  it.each(declared(/(^|\/)metrics\.ts$/))("metric %s is recorded", (name) => {
    expect(uses(name)).toBeGreaterThan(0);
  });

  it.each(
    declarations().settings.flatMap(({ area, fields }) => Object.keys(fields).map((key) => [area, key])),
  )("setting %s.%s has a reader", (_, key) => {
    expect(uses(key as string)).toBeGreaterThan(0);
  });

  it("has a page entry for every error class, with the code that it carries", () => {
    const classes = Object.entries(core).filter(
      ([name]) => name.endsWith("Error") && name !== "isBaldurError",
    );
    expect(
      declarations()
        .errors.map(({ name }) => name)
        .sort(),
    ).toEqual(classes.map(([name]) => name).sort());
    const codes = Object.fromEntries(declarations().errors.map(({ name, code }) => [name, code]));
    expect(codes["DLQReplayError"]).toBe("ERR_BALDUR_DLQ_REPLAY");
    expect(codes["CircuitOpenError"]).toBe(new core.CircuitOpenError({ name: "x", state: "open" }).code);
    expect(codes["BaldurError"]).toBe("ERR_BALDUR");
  });

  it("has every name once", () => {
    const { events, metrics, settings } = declarations();
    const variables = settings.flatMap(({ fields }) =>
      Object.values(fields as Record<string, { variable: string }>),
    );
    for (const names of [
      events.map(({ name }) => name),
      metrics.map(({ name }) => name),
      variables.map(({ variable }) => variable),
    ]) {
      expect(new Set(names).size).toBe(names.length);
    }
  });
});
