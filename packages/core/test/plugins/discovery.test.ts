import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { type DiscoveryOptions, discoverPlugins } from "../../src/plugins/discovery.js";
import { cjs, esm, Fixture, versions } from "./fixture.js";

let app: Fixture;

beforeEach(() => {
  app = new Fixture();
});

afterEach(() => {
  app[Symbol.dispose]();
});

const discover = async (
  options: DiscoveryOptions = {},
): Promise<{ names: string[]; broken: [string, string][] }> => {
  const { plugins, broken } = await discoverPlugins({ root: app.root, ...options });
  return {
    names: plugins.map(({ name }) => name),
    broken: broken.map(({ name, reason }) => [name, reason]),
  };
};

const found = (...names: string[]): object => ({ names, broken: [] });
const plain = { manifest: { baldur: undefined } };

describe("the search among the application's dependencies", () => {
  it("finds the plugins, scoped or not, in the order of the manifest", async () => {
    app.application(["z-plugin", "@acme/plugin", "lodash"]);
    app.install("z-plugin").install("@acme/plugin").install("lodash", plain);
    expect(await discover()).toEqual(found("z-plugin", "@acme/plugin"));
  });

  it("looks at optional dependencies, and not at those for development", async () => {
    const rest = { optionalDependencies: versions(["optional"]), devDependencies: versions(["tool"]) };
    app.application([], rest).install("optional").install("tool");
    expect(await discover()).toEqual(found("optional"));
  });

  it("looks at nothing that is merely installed", async () => {
    app.application([]).install("stranger");
    expect(await discover()).toEqual(found());
  });

  it("passes over what is not installed, in silence", async () => {
    app.application(["absent"], { optionalDependencies: versions(["@acme/absent"]) });
    expect(await discover()).toEqual(found());
  });

  it("imports nothing but the entries of plugins", async () => {
    app.application(["a", "lodash"]).install("a").install("lodash", plain);
    const imported: string[] = [];
    const load = async (url: string): Promise<unknown> => {
      imported.push(url);
      return { plugin: { name: "a", register: () => undefined } };
    };
    await discover({ import: load });
    expect(imported).toEqual([new URL(`file://${app.path("node_modules/a/plugin.js")}`).href]);
  });

  it("follows the links of pnpm", async () => {
    app.application(["@acme/plugin"]);
    app.install("@acme/plugin", {
      folder: "node_modules/.pnpm/@acme+plugin@1.0.0/node_modules/@acme/plugin",
    });
    app.link("node_modules/@acme/plugin", "node_modules/.pnpm/@acme+plugin@1.0.0/node_modules/@acme/plugin");
    expect(await discover()).toEqual(found("@acme/plugin"));
  });

  it("finds what a workspace installs above the application", async () => {
    app.application([]).install("hoisted");
    app.write("apps/api/package.json", { name: "api", dependencies: versions(["hoisted"]) });
    expect(await discover({ root: app.path("apps/api") })).toEqual(found("hoisted"));
  });

  it("prefers the application's own copy", async () => {
    app.application([]).install("a", { files: { "plugin.js": esm("outer") } });
    app.write("apps/api/package.json", { name: "api", dependencies: versions(["a"]) });
    app.install("a", { folder: "apps/api/node_modules/a", files: { "plugin.js": esm("inner") } });
    expect(await discover({ root: app.path("apps/api") })).toEqual(found("inner"));
  });

  it("finds a package whose exports hide its package.json and its entry", async () => {
    const manifest = { exports: { ".": "./index.js" } };
    app.application(["closed"]).install("closed", { manifest, files: { "index.js": "" } });
    expect(await discover()).toEqual(found("closed"));
  });

  it("does not mistake a module of Node's for a package", async () => {
    app.application(["fs", "path"]);
    expect(await discover()).toEqual(found());
  });

  it("asks the given resolver where packages are", async () => {
    app.application(["a", "b"]).install("a", { folder: "elsewhere/a" });
    const resolve = (name: string): string | undefined =>
      name === "a" ? app.path("elsewhere/a") : undefined;
    expect(await discover({ resolve })).toEqual(found("a"));
  });
});

describe("an entry", () => {
  it("may be CommonJS", async () => {
    app.application(["a"]).install("a", { manifest: { type: "commonjs" }, files: { "plugin.js": cjs("a") } });
    expect(await discover()).toEqual(found("a"));
  });

  it("may be CommonJS whose exports Node cannot name beforehand", async () => {
    const hidden = 'module.exports = Object.fromEntries([["plugin", { name: "a", register() {} }]]);';
    app.application(["a"]).install("a", { manifest: { type: "commonjs" }, files: { "plugin.js": hidden } });
    expect(await discover()).toEqual(found("a"));
  });

  it("may exist in both formats", async () => {
    const manifest = { baldur: { plugin: { import: "./plugin.mjs", require: "./plugin.cjs" } } };
    const files = { "plugin.mjs": esm("from-esm"), "plugin.cjs": cjs("from-cjs") };
    app.application(["a"]).install("a", { manifest, files });
    expect(await discover()).toEqual(found("from-esm"));
  });

  it("may exist in the other format only", async () => {
    const manifest = { baldur: { plugin: { require: "./plugin.cjs" } } };
    app.application(["a"]).install("a", { manifest, files: { "plugin.cjs": cjs("from-cjs") } });
    expect(await discover()).toEqual(found("from-cjs"));
  });

  it("may export a function", async () => {
    const entry = 'export const plugin = () => ({ name: "a", register() {} });';
    app.application(["a"]).install("a", { files: { "plugin.js": entry } });
    expect(await discover()).toEqual(found("a"));
  });

  it("may export several plugins", async () => {
    const entry = 'export const plugin = () => ["a", "b"].map((name) => ({ name, register() {} }));';
    app.application(["all"]).install("all", { files: { "plugin.js": entry } });
    expect(await discover()).toEqual(found("a", "b"));
  });
});

describe("a plugin that is installed but broken", () => {
  it.each([
    ["throws when it is imported", 'throw new Error("no native binding");', "no native binding"],
    ["throws something that is no error", 'throw "no native binding";', "no native binding"],
    ["lacks a dependency", 'import "not-installed-anywhere";', "not-installed-anywhere"],
    ["does not parse", "export const plugin = ;", "Unexpected token"],
    ["exports no plugin", "export const other = 1;", "its entry has no export named plugin"],
    ["exports something else", "export const plugin = { name: 'a' };", "a: register must be a function"],
    ["exports null", "export const plugin = null;", "plugin must be an object; received null"],
    [
      "makes no plugin",
      "export const plugin = () => undefined;",
      "plugin must be an object; received undefined",
    ],
    ["throws when it is made", 'export const plugin = () => { throw new Error("no key"); };', "no key"],
    [
      "makes one plugin that is none",
      "export const plugin = [{ name: 'a', register() {} }, 1];",
      "received 1",
    ],
  ])("because it %s is answered with the reason, and the others load", async (_, entry, reason) => {
    app
      .application(["a", "b"])
      .install("a", { files: { "plugin.js": entry } })
      .install("b");
    const { names, broken } = await discover();
    expect(names).toEqual(["b"]);
    expect(broken).toEqual([["a", expect.stringContaining(reason)]]);
  });

  it.each([
    ["is not there", "./dist/plugin.js", /plugin\.js/],
    ["is no path", 1, "must be a path that starts with"],
    ["is another package", "other/plugin.js", "must be a path that starts with"],
    ["is absolute", "/etc/plugin.js", "must be a path that starts with"],
    ["has no format", {}, "must be a path that starts with"],
  ])("because its entry %s is answered", async (_, entry, reason) => {
    app.application(["a"]).install("a", { manifest: { baldur: { plugin: entry } } });
    const { names, broken } = await discover();
    expect(names).toEqual([]);
    expect(broken).toHaveLength(1);
    expect(broken[0]?.[1]).toMatch(reason);
  });

  it("because its package.json does not parse is answered with the file", async () => {
    app.application(["a"]).write("node_modules/a/package.json", '{ "name": "a", ');
    const { broken } = await discover();
    expect(broken).toEqual([["a", expect.stringContaining("node_modules/a/package.json")]]);
  });

  it.each(["null", "[]", '"text"', '{ "baldur": null }', '{ "baldur": "plugin" }'])(
    "is none when its package.json says %s",
    async (manifest) => {
      app.application(["a"]).write("node_modules/a/package.json", manifest);
      expect(await discover()).toEqual(found());
    },
  );
});

describe("a list of packages", () => {
  it("takes the place of the search", async () => {
    app.application(["a", "b"]).install("a").install("b").install("c");
    expect(await discover({ list: ["c", "a"] })).toEqual(found("c", "a"));
  });

  it.each([[["none"]], [["a", "none"]], [[]]])("%j loads nothing", async (list) => {
    app.application(["a"]).install("a");
    expect(await discover({ list })).toEqual(found());
  });

  it("is loud about what it names in vain", async () => {
    app.application([]).install("lodash", plain);
    expect(await discover({ list: ["absent", "lodash"] })).toEqual({
      names: [],
      broken: [
        ["absent", "it is not installed"],
        ["lodash", "its package.json names no plugin"],
      ],
    });
  });
});

describe("the application", () => {
  const argv = [...process.argv];

  afterEach(() => {
    process.argv.splice(0, process.argv.length, ...argv);
    jest.restoreAllMocks();
  });

  const run = async (script: string | undefined, cwd: string): Promise<string[]> => {
    process.argv.splice(1, process.argv.length, ...(script === undefined ? [] : [script]));
    jest.spyOn(process, "cwd").mockReturnValue(cwd);
    const { plugins, broken } = await discoverPlugins();
    expect(broken).toEqual([]);
    return plugins.map(({ name }) => name);
  };

  beforeEach(() => {
    app
      .application(["a"])
      .install("a")
      .write("other/package.json", { name: "other", dependencies: versions(["b"]) });
    app.install("b", { folder: "other/node_modules/b" });
  });

  it("is the package of the main script, wherever it was started from", async () => {
    expect(await run(app.path("dist/bin/server.js"), app.path("other"))).toEqual(["a"]);
  });

  it("is the package of the working directory when the main script is a tool's", async () => {
    expect(await run(app.path("node_modules/.bin/next"), app.path("other"))).toEqual(["b"]);
    expect(await run(app.path("node_modules/next/dist/bin/next"), app.path("other"))).toEqual(["b"]);
  });

  it("is the package of the working directory when there is no script", async () => {
    expect(await run(undefined, app.path("other", "src"))).toEqual(["b"]);
  });

  it("is not a build folder with a package.json that only names the module format", async () => {
    app.write("dist/package.json", { type: "commonjs" });
    expect(await run(app.path("dist/server.js"), app.root)).toEqual(["a"]);
  });

  it("may have no name", async () => {
    app.write("package.json", { private: true, dependencies: versions(["a"]) });
    expect(await run(app.path("server.js"), app.path("other"))).toEqual(["a"]);
  });

  it("may have no package.json at all", async () => {
    using bare = new Fixture();
    expect(await run(bare.path("server.js"), bare.root)).toEqual([]);
  });

  it("may have no package.json and a list", async () => {
    using bare = new Fixture();
    bare.install("listed");
    expect(await discover({ root: bare.root, list: ["listed"] })).toEqual(found("listed"));
  });

  it("may have a package.json without dependencies", async () => {
    app.write("package.json", { name: "application" });
    expect(await discover()).toEqual(found());
  });

  it("with a package.json that does not parse is answered as broken", async () => {
    app.write("package.json", "{");
    const { names, broken } = await discover();
    expect(names).toEqual([]);
    expect(broken).toEqual([["application", expect.stringContaining(app.path("package.json"))]]);
  });
});
