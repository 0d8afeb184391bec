import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Entitlement } from "@baldur/core";
import { definePlugin, type Plugin } from "@baldur/core/plugin";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { cli, deadUrl, KEY, type Outcome, Service } from "./fixture.js";

const PLUGIN = (...names: readonly string[]): string => `
const entitlement = async ({ env }) => env("PLUG_LICENCE") === undefined
  ? { status: "missing", reason: "set PLUG_LICENCE" }
  : { status: "active", organisation: "Shop Ltd", plan: "annual", expires: "2027-01-31" };
export const plugin = () => ${JSON.stringify(names)}.map((name) => ({
  name, register() {}, ...(name !== "free" && { entitlement }),
}));`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "baldur-cli-"));
  const dependencies = { plug: "1", all: "1", broken: "1" };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "shop", dependencies }));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A package that the application depends on. */
function install(name: string, plugin: string): void {
  const path = join(folder, "node_modules", name);
  const manifest = { name, type: "module", baldur: { plugin: "./plugin.js" } };
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "package.json"), JSON.stringify(manifest));
  writeFileSync(join(path, "plugin.js"), plugin);
}

const portOf = (url: string): Record<string, string> => ({ BALDUR_ADMIN_PORT: new URL(url).port });

describe("license status where no server answers", () => {
  let port: Record<string, string>;
  let why: string;

  beforeEach(async () => {
    const url = await deadUrl();
    port = portOf(url);
    why = `nothing listens on ${url}`;
  });

  const ask = (argv: readonly string[], env: Record<string, string> = {}): Promise<Outcome> =>
    cli(argv, { cwd: folder, env: { ...port, ...env } });

  it("is what the packages of the folder say, each once though two bring it", async () => {
    install("plug", PLUGIN("plug"));
    install("all", PLUGIN("plug", "free").replace("set PLUG_LICENCE", "the first holds"));
    install("broken", "throw new Error('no binary')");
    const inert = await ask(["license", "status"]);
    expect(inert).toEqual({
      code: 1,
      err: "",
      out: `missing
why   set PLUG_LICENCE
from  the packages of this folder: ${why}

PACKAGE  STATUS  WHY
plug     inert   set PLUG_LICENCE
free     active  -
broken   failed  no binary
`,
    });
    await expect(ask(["license"])).resolves.toEqual(inert);
    const { code, out } = await ask(["license", "--json"], { PLUG_LICENCE: "x" });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      source: { from: "folder", folder, reason: why },
      ...{ status: "active", organisation: "Shop Ltd", plan: "annual", expires: "2027-01-31" },
      packages: [
        { name: "plug", status: "active", licensed: true },
        { name: "free", status: "active" },
        { name: "broken", status: "failed", reason: "no binary" },
      ],
    });
  });

  it("is not needed where no package needs it", async () => {
    const { code, out } = await ask(["license", "status"]);
    expect({ code, out }).toEqual({
      code: 0,
      out: `missing\nwhy   no package needs one\nfrom  the packages of this folder: ${why}\n`,
    });
  });

  it("is invalid where a package cannot tell", async () => {
    install(
      "plug",
      `export const plugin = { name: "plug", register() {}, entitlement: async () => { throw new Error("no disk"); } };`,
    );
    await expect(ask(["license"])).resolves.toMatchObject({
      code: 1,
      out: expect.stringMatching(/^invalid\nwhy +no disk\n/),
    });
  });

  it("fails where a server was named", async () => {
    const url = `http://127.0.0.1:${port["BALDUR_ADMIN_PORT"]}`;
    for (const asked of [
      { argv: ["license", "--url", url], env: {} },
      { argv: ["license"], env: { BALDUR_ADMIN_URL: url } },
    ]) {
      const outcome = await ask(asked.argv, asked.env);
      expect(outcome).toMatchObject({ code: 1, out: "", err: expect.stringContaining(why) });
    }
  });
});

describe("license status where a server answers", () => {
  const expired: Entitlement = { status: "expired", reason: "the licence expired on 2026-01-30" };
  const plug = (name: string, said: Entitlement): Plugin =>
    definePlugin({ name, register: () => undefined, entitlement: () => Promise.resolve(said) });

  it("is what the application says, wherever it was found, and not this folder", async () => {
    install("plug", PLUGIN("plug"));
    await using service = await Service.start({}, { plugins: [plug("dlq", expired)] });
    const asked = { cwd: folder, env: { PLUG_LICENCE: "x", ...portOf(service.url) } };
    const { code, out, err } = await cli(["license", "status"], asked);
    expect({ code, err }).toEqual({ code: 1, err: "" });
    expect(out).toBe(`expired
why   the licence expired on 2026-01-30
from  ${service.url}

PACKAGE  STATUS  WHY
dlq      inert   the licence expired on 2026-01-30
`);
    const json = await service.ask(["license", "--json"], { cwd: folder });
    expect(JSON.parse(json.out)).toEqual({
      source: { from: "server", url: service.url },
      ...expired,
      packages: [{ name: "dlq", status: "inert", reason: expired.reason, licensed: true }],
    });
  });

  it("is active, or not needed", async () => {
    const active: Entitlement = { status: "active", organisation: "Shop Ltd" };
    await using licensed = await Service.start({}, { plugins: [plug("dlq", active)] });
    await expect(licensed.ask(["license"])).resolves.toMatchObject({
      code: 0,
      out: expect.stringMatching(/^active\norganisation +Shop Ltd\n/),
    });
    await using free = await Service.start();
    await expect(free.ask(["license"])).resolves.toMatchObject({
      code: 0,
      out: expect.stringMatching(/^missing\n/),
    });
  });

  it("is refused without its key", async () => {
    await using service = await Service.start({ key: KEY });
    const outcome = await cli(["license"], { cwd: folder, env: portOf(service.url) });
    expect(outcome).toMatchObject({ code: 2, out: "", err: expect.stringContaining("set BALDUR_ADMIN_KEY") });
  });
});

describe("license status where somebody else has the port", () => {
  let server: Server;
  let url: string;

  beforeAll(async () => {
    server = createServer((_, response) => {
      response.writeHead(404, { "content-type": "text/html" }).end("<p>");
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });

  it("is what the packages of the folder say, unless that was named", async () => {
    const { code, out } = await cli(["license"], { cwd: folder, env: portOf(url) });
    expect(code).toBe(0);
    expect(out).toContain(`the packages of this folder: what answers on ${url} is not the control API`);
    const named = await cli(["license", "--url", url], { cwd: folder });
    expect(named).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringContaining("not as the control API does"),
    });
  });
});
