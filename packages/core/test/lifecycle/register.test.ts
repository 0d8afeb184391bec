import { describe, expect, it } from "@jest/globals";
import { built, runScript } from "../package/child.js";

/** A plugin that says what happens to it, by the number of the runtime that it is in. */
const PRELUDE = `
import * as baldur from ${JSON.stringify(built("index.js"))};
import { defaultBaldur, failureRecorderSlot, register } from ${JSON.stringify(built("plugin.js"))};
const { init, onReplay, protect, protectWithMeta, shutdown } = baldur;
const told = [];
let runtimes = 0;
const acme = (extra = {}) => () => {
  let number;
  return [{
    name: "acme",
    register(context) {
      number = ++runtimes;
      context.fill(failureRecorderSlot, { kind: "acme", capture: ({ name }) => ({ id: name + number, settled: Promise.resolve({}) }) });
    },
    start: async () => void told.push("start " + number),
    close: async () => void told.push("close " + number),
    ...extra,
  }];
};
const captured = async () => (await protectWithMeta("db", () => { throw new Error("down"); }, { dlq: true })).captured?.id;
const later = () => new Promise((resolve) => setTimeout(resolve, 20));
const answers = [];
const answer = (value) => void answers.push(value);
process.on("exit", () => process.stdout.write(JSON.stringify({ told, answers })));
`;

interface Heard {
  readonly told: readonly string[];
  readonly answers: readonly unknown[];
  readonly lines: readonly { level: string; event: string; problems?: string[]; error?: string }[];
}

function run(script: string, env: Record<string, string> = {}): Heard {
  const { code, stdout, stderr, files } = runScript(`${PRELUDE}${script}`, { env });
  const lines = stderr
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
  expect({ code, files }).toEqual({ code: 0, files: [] });
  return { ...JSON.parse(stdout), lines };
}

const FIXED = `{ settings: { retry: { maxAttempts: 7 } }, discover: false }`;

describe("registered plugins", () => {
  it("are at work for an application that only makes calls, which exits by itself", () => {
    const { told, answers, lines } = run(`await register(acme()); answer(await captured());`);
    expect({ told, answers }).toEqual({ told: ["start 1"], answers: ["db1"] });
    expect(lines.map(({ level, event }) => [level, event])).toEqual([["info", "baldur.runtime_posture"]]);
  });

  it("join the runtime that calls were made on before", () => {
    const { answers } = run(`
      await protect("pay", () => 1, { idempotencyKey: () => "k" });
      const before = defaultBaldur();
      await register(acme());
      answer(defaultBaldur() === before);
      answer(await captured());`);
    expect(answers).toEqual([true, "db1"]);
  });

  it("stay where they are when the application calls init() without options, which takes the runtime over", () => {
    const { told, answers } = run(`
      await register(acme());
      const before = defaultBaldur();
      answer((await init()) === before);
      answer((await init(${FIXED})) === before);
      answer(await captured());
      await shutdown();`);
    expect({ told, answers }).toEqual({ told: ["start 1", "close 1"], answers: [true, true, "db1"] });
  });

  it("move on to the runtime of the application's own options, and the one before is closed", () => {
    const { told, answers, lines } = run(`
      onReplay("mail", () => 1);
      await register(acme());
      const before = defaultBaldur();
      const once = { idempotencyKey: () => "k" };
      await protect("pay", () => 1, once);
      const [runtime, same] = await Promise.all([init(${FIXED}), init()]);
      await later();
      answer([runtime !== before, runtime === same, runtime === defaultBaldur(), before.closed]);
      answer((await protectWithMeta("x", () => { throw new Error("down"); }, { retry: { baseDelay: 0 } })).attempts.length);
      answer(await captured());
      answer(await protect("pay", () => 2, once).catch(({ code }) => code));
      answer(runtime.replayHandlers.get("mail") !== undefined);
      await shutdown();`);
    expect(told).toEqual(["start 1", "start 2", "close 1", "close 2"]);
    expect(answers).toEqual([[true, true, true, true], 7, "db2", "ERR_BALDUR_IDEMPOTENCY_DUPLICATE", true]);
    expect(lines.filter(({ event }) => event === "baldur.runtime_posture")).toHaveLength(1);
  });

  it("keep calls company until the application's own runtime has started, and those that are under way beyond", () => {
    const { told, answers } = run(`
      let fail;
      await register(acme());
      const underWay = protectWithMeta("slow", () => new Promise((_, reject) => (fail = reject)), { dlq: true });
      const starting = init(${FIXED});
      answer(await captured());
      await starting;
      answer(told.slice());
      fail(new Error("down"));
      answer((await underWay).captured.id);
      await later();`);
    expect(answers).toEqual(["db1", ["start 1", "start 2"], "slow1"]);
    expect(told).toEqual(["start 1", "start 2", "close 1"]);
  });

  it("give way to the application's own plugin of the same name", () => {
    const { told, answers } = run(`
      await register(acme());
      const own = { name: "acme", register() {}, start: async () => void told.push("own") };
      const runtime = await init({ plugins: [own], discover: false });
      answer(await captured());
      await later();`);
    expect(told).toEqual(["start 1", "own", "close 1"]);
    expect(answers).toEqual([null]);
  });

  it("go on when the application's options are refused, which may then be given again", () => {
    const { told, answers } = run(`
      await register(acme());
      answer(await init({ settings: { retry: { maxAttempts: 0 } } }).catch(({ code }) => code));
      answer(await init({ surprise: 1 }).catch(({ code }) => code));
      answer(await init({ settings: { runtime: { environment: "production" } } }).catch(({ code }) => code));
      answer(await captured());
      await later();
      await init(${FIXED});
      await later();
      answer(await captured());`);
    const refused = "ERR_BALDUR_CONFIGURATION";
    expect(answers).toEqual([refused, refused, refused, "db1", "db3"]);
    expect(told).toEqual(["start 1", "close 2", "start 3", "close 1"]);
  });

  it("are part of the next runtime too, after a shutdown", () => {
    const { told } = run(`
      await register(acme());
      await shutdown();
      await init({ discover: false });
      await shutdown();`);
    expect(told).toEqual(["start 1", "close 1", "start 2", "close 2"]);
  });

  it("wait for the next runtime when the application has called init()", () => {
    const { told, answers } = run(`
      await init({ discover: false });
      await register(acme());
      answer(await captured());
      await shutdown();
      await init({ discover: false });
      answer(await captured());`);
    expect({ told, answers }).toEqual({ told: ["start 1"], answers: [null, "db1"] });
  });

  it("of two hands are all at work", () => {
    const { told, answers } = run(`
      const other = () => [{ name: "other", register() {}, start: async () => void told.push("other") }];
      await Promise.all([register(acme()), register(other)]);
      await later();
      answer(defaultBaldur().posture().plugins.map(({ name }) => name));`);
    expect(answers).toEqual([["acme", "other"]]);
    expect(told.filter((line) => line.startsWith("start")).length).toBe(
      told.filter((line) => line.startsWith("close")).length + 1,
    );
  });

  it("are closed with everything else when a shutdown comes while the application's runtime starts", () => {
    const { told } = run(`
      await register(acme());
      const starting = init(${FIXED});
      await shutdown();
      await starting;
      await later();`);
    expect(told.toSorted()).toEqual(["close 1", "close 2", "start 1", "start 2"]);
  });

  it("need not be waited for", () => {
    const { told, answers } = run(`
      const registering = register(acme());
      await init(${FIXED});
      await registering;
      await later();
      answer(await captured());`);
    expect(told.at(-1)).toMatch(/^close/);
    expect(told).toHaveLength(3);
    expect(answers).toEqual([expect.stringMatching(/^db/)]);
  });

  it("are refused as one when they are none", () => {
    const { answers } = run(`
      for (const wrong of [[], () => [{}], () => undefined, () => "acme"])
        answer(await register(wrong).catch(({ code }) => code ?? "none"));
      answer(defaultBaldur().posture().plugins);`);
    expect(answers).toEqual([...Array(4).fill("ERR_BALDUR_CONFIGURATION"), []]);
  });
});

describe("settings that keep registered plugins from starting", () => {
  const PRODUCTION = { BALDUR_ENVIRONMENT: "production", BALDUR_SYSTEM_CONTROL_BACKEND: "memory" };

  it("are reported and stop neither the process nor its calls, while init() is told itself", () => {
    const { told, answers, lines } = run(
      `
      await register(acme());
      answer(await protect("db", () => 1));
      answer(await captured());
      answer(await init().catch(({ code }) => code));
      answer(await protect("db", () => 2));`,
      PRODUCTION,
    );
    expect(answers).toEqual([1, null, "ERR_BALDUR_CONFIGURATION", 2]);
    expect(told).toEqual(["close 1"]);
    const critical = lines.filter(({ level }) => level === "critical" || level === "error");
    expect(critical).toHaveLength(1);
    expect(critical[0]).toMatchObject({
      event: "baldur.fatal_config_error_quarantine",
      problems: [expect.stringContaining("BALDUR_ENVIRONMENT is production")],
    });
  });

  it("may be put right by the options of the application", () => {
    const { answers } = run(
      `
      await register(acme());
      await init({ settings: { runtime: { environment: "test" } }, discover: false });
      answer(await captured());`,
      PRODUCTION,
    );
    expect(answers).toEqual(["db2"]);
  });

  it("may be put right while the registered plugins still try to start", () => {
    const { answers } = run(
      `
      const registering = register(acme());
      const runtime = await init({ settings: { runtime: { environment: "test" } }, discover: false });
      await registering;
      await later();
      answer([runtime.closed, runtime === defaultBaldur()]);
      answer(await captured());`,
      PRODUCTION,
    );
    expect(answers).toEqual([[false, true], expect.stringMatching(/^db/)]);
  });

  it("leave the plugins at work when they are not theirs, and init() refuses them", () => {
    const { answers, lines } = run(
      `
      await register(acme());
      answer(await captured());
      answer(await init({ discover: false }).catch(({ code }) => code));
      answer(await init().catch(({ code }) => code));
      answer(await captured());`,
      { BALDUR_RETRY_MAX_ATTEMPTS: "many" },
    );
    const refused = "ERR_BALDUR_CONFIGURATION";
    expect(answers).toEqual(["db1", refused, refused, "db1"]);
    expect(lines.map(({ event }) => event)).toContain("baldur.fatal_config_error_quarantine");
  });
});
