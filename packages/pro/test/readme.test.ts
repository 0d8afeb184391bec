import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { Application } from "./application.js";
import { LICENCE } from "./licences.js";

const PACKAGES = ["@baldur/core", "@baldur/embedded", "@baldur/pro", "@baldur/pro-dlq"];
/** What the examples leave to the reader. */
const READERS = `const gateway = { charge: async () => { throw new Error("ECONNREFUSED"); } };`;

function examples(folder: string): string[] {
  const readme = fileURLToPath(new URL(`../../${folder}/README.md`, import.meta.url));
  return [...readFileSync(readme, "utf8").matchAll(/```js\n(.*?)```/gs)].map(([, code]) =>
    (code as string).replaceAll(/^ {3}/gm, ""),
  );
}

function run(code: string): { code: number | null; stdout: string } {
  using app = new Application(PACKAGES);
  const { code: exit, stdout } = app.run(`${READERS}\n${code}`, { env: { BALDUR_LICENSE_FILE: LICENCE } });
  return { code: exit, stdout };
}

describe("the examples run as they are written", () => {
  it("in the README of @baldur/pro", () => {
    const [installed, listed] = examples("pro");
    expect(run(installed as string)).toEqual({ code: 0, stdout: "pro\n" });
    expect(run(listed as string)).toEqual({ code: 0, stdout: "" });
  });

  it("in the README of @baldur/pro-dlq", () => {
    const [quickStart] = examples("pro-dlq");
    expect(run(quickStart as string)).toEqual({
      code: 0,
      stdout: "ECONNREFUSED\nERROR [ { id: 7, cents: 4200 } ]\n",
    });
  });
});
