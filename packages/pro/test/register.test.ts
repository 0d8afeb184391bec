import { describe, expect, it } from "@jest/globals";
import { Application } from "./application.js";
import { LICENCE } from "./licences.js";

const LICENSED = { BALDUR_LICENSE_FILE: LICENCE };
const REGISTER = ["--import", "@baldur/pro/register"];
const install = (): Application => new Application(["@baldur/core"], ["@baldur/pro", "@baldur/pro-dlq"]);

/** An application that makes calls, and never heard of a runtime. */
const CALLS = `
const down = () => { throw new Error("down"); };
protectWithMeta("db", down, { dlq: true }).then(async ({ outcome, captured }) => {
  process.stdout.write(JSON.stringify({ outcome, where: (await captured?.settled)?.where }));
});`;
const FORMATS = [
  ["ESM", (names: string) => `import { ${names} } from "@baldur/core";`, "mjs"],
  ["CommonJS", (names: string) => `const { ${names} } = require("@baldur/core");`, "cjs"],
] as const;

describe("node --import @baldur/pro/register", () => {
  it.each(FORMATS)(
    "keeps the failed calls of an application that only makes calls: %s",
    (_, load, format) => {
      using app = install();
      const script = load("protectWithMeta") + CALLS;
      const { code, answer } = app.run(script, { format, flags: REGISTER, env: LICENSED });
      expect({ code, answer }).toEqual({ code: 0, answer: { outcome: "failure", where: "store" } });
      const plain = app.run(script, { format, env: LICENSED });
      expect(plain.answer).toEqual({ outcome: "failure" });
    },
  );

  it.each(FORMATS)("lets a process exit by itself that does nothing: %s", (_, _load, format) => {
    using app = install();
    const licensed = app.run("", { format, flags: REGISTER, env: LICENSED });
    expect(licensed).toMatchObject({ code: 0, events: ["embedded.store_opened", "baldur.runtime_posture"] });
  });

  it("opens no port, and is inert without a licence: nothing on the disk, one line that says so", () => {
    using app = install();
    const script = `process.stdout.write(JSON.stringify(process.getActiveResourcesInfo().filter((name) => /TCP|UDP|Server/.test(name))));`;
    expect(app.run(script, { flags: REGISTER, env: LICENSED })).toMatchObject({ code: 0, answer: [] });
    using other = install();
    const inert = other.run(script, { flags: REGISTER });
    expect(inert).toMatchObject({
      code: 0,
      answer: [],
      events: ["plugins.plugin_inert", "baldur.runtime_posture"],
    });
    expect(other.files()).toEqual([]);
  });

  it("leaves an application that calls init() with options of its own those options", () => {
    using app = install();
    const script = `
      import { init, protected as protectedFunction, protectWithMeta } from "@baldur/core";
      import { getDlq } from "@baldur/pro-dlq";
      const charge = protectedFunction("charge", (n) => n, { dlq: true });
      const before = getDlq();
      await init({ settings: { dlq: { maxReplayAttempts: 5 }, retry: { maxAttempts: 4, baseDelay: 1 } } });
      const failed = await protectWithMeta("db", () => { throw new Error("down"); }, { dlq: true, retry: true });
      await failed.captured.settled;
      const [kept] = (await getDlq().list()).items;
      process.stdout.write(JSON.stringify({ attempts: failed.attempts.length, maxRetries: kept.maxRetries, isNew: before !== getDlq() }));`;
    const { code, answer } = app.run(script, { flags: REGISTER, env: LICENSED });
    expect({ code, answer }).toEqual({ code: 0, answer: { attempts: 4, maxRetries: 5, isNew: true } });
  });

  it("finds the queue from CommonJS too, and closes with the application", () => {
    using app = install();
    const script = `
      const { protectWithMeta, init, shutdown } = require("@baldur/core");
      const { getDlq } = require("@baldur/pro-dlq");
      (async () => {
        const { captured } = await protectWithMeta("db", () => { throw new Error("down"); }, { dlq: true });
        await captured.settled;
        await init();
        const { items } = await getDlq().list();
        process.stdout.write(JSON.stringify([items[0].id === captured.id, (await shutdown()).clean]));
      })();`;
    const { code, answer } = app.run(script, { format: "cjs", flags: REGISTER, env: LICENSED });
    expect({ code, answer }).toEqual({ code: 0, answer: [true, true] });
  });

  it("writes what failed in the last moment of a process", () => {
    using app = install();
    const last = `import { protect } from "@baldur/core";
      protect("db", () => { throw new Error("down"); }, { dlq: true }).catch(() => process.exit(0));`;
    expect(app.run(last, { flags: REGISTER, env: LICENSED }).code).toBe(0);
    const next = `import { getDlq } from "@baldur/pro-dlq";
      while ((await getDlq().stats()).total === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      process.stdout.write(JSON.stringify((await getDlq().list()).items.map(({ name }) => name)));`;
    expect(app.run(next, { flags: REGISTER, env: LICENSED }).answer).toEqual(["db"]);
  });

  it("stops no process by its settings", () => {
    using app = install();
    const env = { ...LICENSED, BALDUR_DLQ_MAX_SIZE: "plenty" };
    const script = `import { protect } from "@baldur/core";
      process.stdout.write(JSON.stringify(await protect("db", () => 1, { dlq: true })));`;
    const { code, answer, events } = app.run(script, { flags: REGISTER, env });
    expect({ code, answer }).toEqual({ code: 0, answer: 1 });
    expect(events).toContain("baldur.fatal_config_error_quarantine");
  });

  it("is the same where the application depends on the packages itself", () => {
    using app = new Application(["@baldur/core", "@baldur/pro"]);
    const script = FORMATS[0][1]("protectWithMeta") + CALLS;
    const { code, answer, events } = app.run(script, { flags: REGISTER, env: LICENSED });
    expect({ code, answer }).toEqual({ code: 0, answer: { outcome: "failure", where: "store" } });
    expect(events.filter((event) => event === "embedded.store_opened")).toHaveLength(1);
  });
});
