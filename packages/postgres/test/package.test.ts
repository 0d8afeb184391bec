import { createRequire } from "node:module";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { built, Children } from "./child.js";
import { Postgres } from "./fixture.js";

jest.setTimeout(60_000);

let postgres: Postgres;
let children: Children;
beforeAll(async () => {
  postgres = await Postgres.start();
});
beforeEach(async () => {
  children = new Children();
  await postgres.newDatabase();
});
afterEach(() => children[Symbol.asyncDispose]());
afterAll(() => postgres[Symbol.asyncDispose]());

const START = `
const quiet = () => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const settings = { control: { backend: "memory" } };
const start = async ({ createBaldur }, plugin) => {
  let context;
  const probe = { name: "probe", register: (given) => void (context = given) };
  const baldur = await createBaldur({ discover: false, plugins: [plugin, probe], logger, settings }).start();
  return { baldur, database: context.sql() };
};
const say = (line) => process.stdout.write(JSON.stringify(line) + "\\n");
`;
const ESM = `const core = await import(${built("core/dist/index.js")});
  const { postgres, plugin, declarations, withTransaction } = await import(${built("postgres/dist/index.js")});
  const require = (await import("node:module")).createRequire(import.meta.url);`;
const CJS = `const core = require(${built("core/dist/index.cjs")});
  const { postgres, plugin, declarations, withTransaction } = require(${built("postgres/dist/index.cjs")});`;

async function run(
  script: string,
  extension: "mjs" | "cjs",
  env: Record<string, string> = {},
): Promise<unknown[]> {
  const child = children.run(script, { extension, args: [postgres.url], env });
  expect({ code: await child.ended, stderr: child.stderr() }).toEqual({ code: 0, stderr: "" });
  return child.lines;
}

describe("the package", () => {
  it.each([
    ["ESM", ESM, "mjs"],
    ["CommonJS", CJS, "cjs"],
  ] as const)("works as %s, and loads pg only when a database is opened", async (_, load, extension) => {
    const script = `${START}
      const work = async () => {
        ${load}
        const isLoaded = () => Object.keys(require.cache).some((file) => /[\\\\/]pg[\\\\/]lib[\\\\/]/.test(file));
        const names = declarations().events.map(({ name }) => name);
        say({ found: plugin().name, loaded: isLoaded(), events: names.length });
        const { baldur, database } = await start(core, postgres({ dsn: process.argv[2] }));
        say([isLoaded(), (await database.query("select 1 n")).rows]);
        await baldur.close();
      };
      work();`;
    await expect(run(script, extension)).resolves.toEqual([
      { found: "@baldur/postgres", loaded: false, events: 13 },
      [true, [{ n: 1 }]],
    ]);
  });

  it("is found by itself, and reads BALDUR_SQL_DSN", async () => {
    const script = `${START}
      ${ESM}
      const { baldur, database } = await start(core, plugin());
      say((await database.query("select current_database() name")).rows);
      await baldur.close();`;
    const name = postgres.url.split("/").at(-1);
    await expect(run(script, "mjs", { BALDUR_SQL_DSN: postgres.url })).resolves.toEqual([[{ name }]]);
    expect(createRequire(import.meta.url)("../package.json")).toMatchObject({
      baldur: { plugin: { import: "./dist/index.js", require: "./dist/index.cjs" } },
    });
  });

  it("refuses a start with a DSN that breaks its rules, and does not show it", async () => {
    const script = `${START}
      ${ESM}
      await start(core, plugin()).catch(({ name, message }) => say({ name, message }));`;
    const [refusal] = await run(script, "mjs", { BALDUR_SQL_DSN: "mysql://ann:secret@db/shop" });
    expect(refusal).toEqual({
      name: "ConfigurationError",
      message:
        "BALDUR_SQL_DSN must be of the dialect postgres or postgresql: mysql is not spoken; received mysql://***@db/shop",
    });
  });

  it("makes an async context with the first transaction, for both builds, and none before", async () => {
    const script = `${START}
      ${ESM}
      const cjs = (() => { const load = () => { ${CJS} return { withTransaction }; }; return load(); })();
      const { baldur, database } = await start(core, postgres({ dsn: process.argv[2] }));
      const { Client } = require(require.resolve("pg", { paths: [${built("postgres/package.json")}] }));
      const client = new Client(process.argv[2]);
      await client.connect();
      const scope = () => globalThis[Symbol.for("@baldur/postgres.transactions@0")];
      await database.query("select 1");
      say([database.ambient === undefined, scope()?.storage === undefined]);
      await cjs.withTransaction(client, async () => {
        await withTransaction(client, async () => say([database.ambient !== undefined, scope().storage !== undefined]));
        say(client.getTransactionStatus());
      });
      await client.end();
      await baldur.close();`;
    await expect(run(script, "mjs")).resolves.toEqual([[true, true], [true, true], "T"]);
  });

  it("keeps no process alive that has nothing else to do", async () => {
    const script = `${START}
      ${ESM}
      const { database } = await start(core, postgres({ dsn: process.argv[2] }));
      const awake = setInterval(() => undefined, 1000);
      await new Promise((resolve) => database.listen("news", () => undefined, resolve));
      clearInterval(awake);
      await database.query("select 1");
      say("done");`;
    await expect(run(script, "mjs")).resolves.toEqual(["done"]);
  });

  it("keeps no process alive that cannot reach its database", async () => {
    const script = `${START}
      ${ESM}
      const { database } = await start(core, postgres({ dsn: "postgres://127.0.0.1:1/shop" }));
      database.listen("news", () => undefined);
      say(database.available);`;
    await expect(run(script, "mjs")).resolves.toEqual([false]);
  });
});
