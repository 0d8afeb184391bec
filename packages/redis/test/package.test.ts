import { createRequire } from "node:module";
import { type RedisServer, startRedis } from "@baldur/services";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { CJS, ESM, run } from "./child.js";

jest.setTimeout(30_000);

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

/** Nobody listens there. */
const NOWHERE = "127.0.0.1:1";

describe("the package", () => {
  it.each([
    ["ESM", ESM, "mjs"],
    ["CommonJS", CJS, "cjs"],
  ] as const)("works as %s, and loads ioredis only when it connects", async (_, load, extension) => {
    const script = `
      const work = async () => {
        ${load}
        const isLoaded = () => Object.keys(require.cache).some((file) => file.includes("ioredis"));
        const before = isLoaded();
        const client = await open(core, redis({ url: ${JSON.stringify(server.url)} }));
        const names = declarations();
        say({
          before,
          after: isLoaded(),
          found: plugin().name,
          events: names.events.length,
          reply: await client.command("ECHO", "hello"),
          error: new RedisUnavailableError("a", "b", true) instanceof core.AdapterError,
        });
        await client.close();
      };
      work();`;
    const module =
      extension === "cjs"
        ? script
        : `import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);\n${script}`;
    await expect(run(module, extension)).resolves.toEqual([
      { before: false, after: true, found: "@baldur/redis", events: 12, reply: "hello", error: true },
    ]);
  });

  it("is found by itself, and reads the variables", async () => {
    const script = `${ESM}
      const client = await open(core, plugin());
      say([client.prefix, await client.command("ECHO", "hello")]);
      await client.close();`;
    const env = { BALDUR_REDIS_URL: server.url, BALDUR_NAMESPACE_NAME: "shop" };
    await expect(run(script, "mjs", env)).resolves.toEqual([["baldur:shop:", "hello"]]);
    expect(createRequire(import.meta.url)("../package.json")).toMatchObject({
      baldur: { plugin: { import: "./dist/index.js", require: "./dist/index.cjs" } },
    });
  });
});

describe("a process", () => {
  it("ends by itself with an idle connection, and waits for an answer", async () => {
    const script = `${ESM}
      const client = await open(core, redis({ url: ${JSON.stringify(server.url)} }));
      client.subscribe("changes", () => undefined, () => say("listening"));
      say(await client.command("BLPOP", "nothing", 1));`;
    await expect(run(script, "mjs")).resolves.toEqual(["listening", null]);
  });

  it.each([`redis://${NOWHERE}`, `redis+sentinel://name@${NOWHERE}`, `redis+cluster://${NOWHERE}`])(
    "ends by itself while Redis is away: %s",
    async (url) => {
      const script = `${ESM}
        const client = await open(core, redis({ url: ${JSON.stringify(url)} }));
        client.subscribe("changes", () => undefined);
        const refused = await client.command("GET", "key").catch((error) => error);
        say([client.available, refused instanceof RedisUnavailableError]);`;
      await expect(run(script, "mjs")).resolves.toEqual([[false, true]]);
    },
  );
});
