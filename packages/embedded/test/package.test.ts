import { createRequire } from "node:module";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { built, Children } from "./child.js";
import { Folder } from "./fixture.js";

let folder: Folder;
let children: Children;
beforeEach(async () => {
  folder = await Folder.create();
  children = new Children();
});
afterEach(async () => {
  await children[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** Opens the folder through a runtime of its own. */
const OPEN = `
const quiet = () => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const open = async ({ createBaldur }, plugin) => {
  let context;
  const probe = { name: "probe", register: (given) => void (context = given) };
  const settings = { control: { backend: "memory" } };
  const baldur = await createBaldur({ discover: false, plugins: [plugin, probe], logger, settings }).start();
  return { baldur, store: context.keyValue() };
};
const say = (line) => process.stdout.write(JSON.stringify(line) + "\\n");
`;
const ESM = `const core = await import(${built("core/dist/index.js")});
  const { embedded, plugin, declarations } = await import(${built("embedded/dist/index.js")});`;
const CJS = `const core = require(${built("core/dist/index.cjs")});
  const { embedded, plugin, declarations } = require(${built("embedded/dist/index.cjs")});`;

async function run(
  script: string,
  plain: "mjs" | "cjs",
  env: Record<string, string> = {},
): Promise<unknown[]> {
  const child = children.run(script, { plain, args: [folder.path], env });
  expect({ code: await child.ended, stderr: child.stderr() }).toEqual({ code: 0, stderr: "" });
  return child.lines;
}

describe("the package", () => {
  it.each([
    ["ESM", ESM, "mjs"],
    ["CommonJS", CJS, "cjs"],
  ] as const)("works as %s, and loads the engine only when a store is opened", async (_, load, extension) => {
    const script = `${OPEN}
      const work = async () => {
        ${load}
        const before = process.report.getReport().sharedObjects.some((name) => name.includes("lmdb"));
        const names = declarations().events.map(({ name }) => name);
        const { baldur, store } = await open(core, embedded({ path: process.argv[2] }));
        await store.write((writer) => writer.put("key", "1"));
        say({ before, names, found: plugin().name, value: store.read((reader) => reader.get("key")), tier: baldur.posture().storage });
        await baldur.close();
      };
      work();`;
    await expect(run(script, extension)).resolves.toEqual([
      {
        before: false,
        names: ["embedded.store_lost", "embedded.store_opened", "embedded.store_quarantined"],
        found: "@baldur/embedded",
        value: "1",
        tier: "embedded",
      },
    ]);
  });

  it("opens a folder as often as it likes in one thread, from both builds, while it is written to", async () => {
    const script = `${OPEN}
      import { createRequire } from "node:module";
      const require = createRequire(import.meta.url);
      const builds = [(() => { ${CJS} return { core, embedded }; })(), await (async () => { ${ESM} return { core, embedded }; })()];
      const increment = (writer) => writer.put("count", String(Number(writer.get("count") ?? 0) + 1));
      const first = await open(builds[0].core, builds[0].embedded({ path: process.argv[2] }));
      const writes = [];
      for (let n = 0; n < 20; n++) {
        writes.push(first.store.write(increment));
        await new Promise(setImmediate);
        const { core, embedded } = builds[n % 2];
        const other = await open(core, embedded({ path: process.argv[2] }));
        writes.push(other.store.write(increment));
        if (n % 3 === 0) await other.baldur.close();
        else writes.push(other.baldur.close());
      }
      await Promise.all(writes);
      say(first.store.read((reader) => reader.get("count")));
      await first.baldur.close();
      const { baldur, store } = await open(builds[1].core, builds[1].embedded({ path: process.argv[2] }));
      say(store.read((reader) => reader.get("count")));
      await baldur.close();`;
    await expect(run(script, "mjs")).resolves.toEqual(["40", "40"]);
  });

  it("is in the folder of BALDUR_DATA_DIR, and is found by itself", async () => {
    const script = `${OPEN}
      ${ESM}
      const baldur = await core.createBaldur({ discover: false, plugins: [plugin()], logger }).start();
      say(baldur.posture());
      await baldur.close();`;
    const [posture] = await run(script, "mjs", { BALDUR_DATA_DIR: folder.path });
    expect(posture).toMatchObject({ storage: "embedded", degraded: [] });
    expect(createRequire(import.meta.url)("../package.json")).toMatchObject({
      baldur: { plugin: { import: "./dist/index.js", require: "./dist/index.cjs" } },
    });
  });
});
