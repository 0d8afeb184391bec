import { describe, expect, it } from "@jest/globals";
import { Application } from "./application.js";
import { LICENCE } from "./licences.js";

const LICENSED = { BALDUR_LICENSE_FILE: LICENCE };
/** Starts as an application does that knows nothing but core, and answers what is in force. */
const BODY = `
const told = [];
defaultBaldur().telemetry.subscribe(({ name, level, payload }) => name.startsWith("plugins.") && told.push([level, name, payload.name]));
init().then(async (baldur) => {
  const { tier, plugins } = baldur.posture();
  const failed = await protectWithMeta("db", () => { throw new Error("down"); }, { dlq: true });
  const where = (await failed.captured?.settled)?.where;
  process.stdout.write(JSON.stringify({ tier, plugins: plugins.map(({ name, status }) => name + " " + status), where, told }));
  await shutdown();
});`;
const NAMES = "init, protectWithMeta, shutdown";
const ESM = `import { ${NAMES} } from "@baldur/core"; import { defaultBaldur } from "@baldur/core/plugin";${BODY}`;
const CJS = `const { ${NAMES} } = require("@baldur/core"); const { defaultBaldur } = require("@baldur/core/plugin");${BODY}`;

const ACTIVE = ["@baldur/pro-dlq active", "@baldur/embedded active"];

describe("an application that depends on @baldur/pro", () => {
  it.each([
    ["ESM", ESM, "mjs"],
    ["CommonJS", CJS, "cjs"],
  ] as const)(
    "has every commercial package by installing it, and changes no code: %s",
    (_, script, format) => {
      using app = new Application(["@baldur/core", "@baldur/pro"]);
      const { code, answer, events } = app.run(script, { format, env: LICENSED });
      expect({ code, answer }).toEqual({
        code: 0,
        answer: { tier: "pro", plugins: ACTIVE, where: "store", told: [] },
      });
      expect(events).toContain("dlq.entry_created");
    },
  );

  it("is as it was without a licence, but for one line that says what is inert", () => {
    using app = new Application(["@baldur/core", "@baldur/pro"]);
    const { code, answer, events } = app.run(ESM);
    expect({ code, answer }).toEqual({
      code: 0,
      answer: {
        tier: "oss",
        plugins: ["@baldur/pro-dlq inert", "@baldur/embedded active"],
        told: [["info", "plugins.plugin_inert", "@baldur/pro-dlq"]],
      },
    });
    expect(events).toEqual([
      "plugins.plugin_inert",
      "baldur.runtime_posture",
      "protect.dlq_requested_without_backing",
    ]);
    expect(app.files()).toEqual([]);
  });

  it("has none of them with BALDUR_PLUGINS=none, and those that the variable names", () => {
    using app = new Application(["@baldur/core", "@baldur/pro"], ["@baldur/pro-dlq"]);
    const none = app.run(ESM, { env: { ...LICENSED, BALDUR_PLUGINS: "none" } });
    expect(none.answer).toEqual({ tier: "oss", plugins: [], told: [] });
    expect(app.files()).toEqual([]);
    const named = app.run(ESM, { env: { ...LICENSED, BALDUR_PLUGINS: "@baldur/pro-dlq" } });
    expect(named.answer).toMatchObject({ tier: "pro", plugins: ["@baldur/pro-dlq active"], where: "store" });
  });

  it("may name its parts too: each is registered once, which is no warning", () => {
    using app = new Application(["@baldur/core", "@baldur/embedded", "@baldur/pro", "@baldur/pro-dlq"]);
    const { code, answer } = app.run(ESM, { env: LICENSED });
    expect({ code, answer }).toEqual({
      code: 0,
      answer: {
        tier: "pro",
        plugins: ACTIVE.toReversed(),
        where: "store",
        told: ["@baldur/embedded", "@baldur/pro-dlq"].map((name) => [
          "info",
          "plugins.duplicate_ignored",
          name,
        ]),
      },
    });
  });
});

describe("an application that does not depend on @baldur/pro", () => {
  it("has nothing of it, though it is installed beside", () => {
    using app = new Application(["@baldur/core"], ["@baldur/pro"]);
    const { answer } = app.run(ESM, { env: LICENSED });
    expect(answer).toEqual({ tier: "oss", plugins: [], told: [] });
  });
});
