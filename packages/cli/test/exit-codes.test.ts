import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { cli, deadUrl, KEY, READONLY_KEY, Service } from "./fixture.js";

describe("who asks a server with keys", () => {
  let service: Service;

  beforeAll(async () => {
    service = await Service.start({ key: KEY, readonlyKey: READONLY_KEY });
    service.baldur.circuit("payments");
  });
  afterAll(() => service[Symbol.asyncDispose]());

  const block = ["cb", "force-open", "payments", "-r", "test"];

  it.each<[string, string[], Record<string, string>, number, string]>([
    ["reads with the key", ["cb", "list"], { BALDUR_ADMIN_KEY: KEY }, 0, ""],
    ["reads with the other name of the key", ["cb", "list"], { BALDUR_ADMIN_API_KEY: KEY }, 0, ""],
    ["reads with the read-only key", ["cb", "list"], { BALDUR_ADMIN_READONLY_KEY: READONLY_KEY }, 0, ""],
    ["has no key", ["cb", "list"], {}, 2, "set BALDUR_ADMIN_KEY to the key that the server has"],
    [
      "has another key",
      ["cb", "list"],
      { BALDUR_ADMIN_KEY: "x" },
      2,
      "the key in BALDUR_ADMIN_KEY is not the server's",
    ],
    ["acts, and the server is locked", block, { BALDUR_ADMIN_KEY: KEY }, 2, "BALDUR_ADMIN_UNLOCK=1"],
    [
      "acts with the read-only key",
      block,
      { BALDUR_ADMIN_READONLY_KEY: READONLY_KEY },
      2,
      "BALDUR_ADMIN_KEY",
    ],
    ["needs none to look whether it is alive", ["health", "live"], {}, 0, ""],
  ])("%s", async (_, argv, env, code, said) => {
    const outcome = await service.ask(argv, { env });
    expect(outcome).toMatchObject({ code });
    expect(outcome.err).toContain(said);
    expect(outcome.err).not.toContain(KEY);
    expect(outcome.err).not.toMatch(/\n {4}at /);
    if (said === "") expect(outcome.err).toBe("");
  });

  it("takes the key from a file, which the environment overrules", async () => {
    const folder = mkdtempSync(join(tmpdir(), "baldur-cli-"));
    try {
      writeFileSync(join(folder, "ops.env"), `# keys\nBALDUR_ADMIN_KEY="${KEY}"\n`);
      const argv = ["--env-file", "ops.env", "cb", "list"];
      await expect(service.ask(argv, { cwd: folder })).resolves.toMatchObject({ code: 0 });
      const env = { BALDUR_ADMIN_KEY: "x" };
      await expect(service.ask(argv, { cwd: folder, env })).resolves.toMatchObject({ code: 2 });
      await expect(service.ask(["--env-file", "none", "cb", "list"], { cwd: folder })).resolves.toMatchObject(
        { code: 1 },
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("answers programs with the problem, and people with its words", async () => {
    const { out, err, code } = await service.ask(["cb", "show", "nobody", "--json"], {
      env: { BALDUR_ADMIN_KEY: KEY },
    });
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ status: 404, code: "CIRCUIT_NOT_FOUND" });
    expect(err).toBe('error: this process has made no protected call by the name "nobody"\n');
  });

  it("says that what serves it is not active", async () => {
    const { err, code } = await service.ask(["dlq", "list"], { env: { BALDUR_ADMIN_KEY: KEY } });
    expect(code).toBe(2);
    expect(err).toContain("`baldur posture` says what is, and why");
  });
});

describe("a server that", () => {
  let server: Server;
  let answer: { status: number; type?: string; body?: string; headers?: Record<string, string> };
  let requests: string[];

  beforeAll(async () => {
    server = createServer((request, response) => {
      requests.push(`${request.method} ${request.url} ${request.headers["x-baldur-admin-key"] ?? ""}`);
      if (answer.status === 0) return;
      const { type = "application/json", body = "{}", headers = {} } = answer;
      response.writeHead(answer.status, { "content-type": type, ...headers }).end(body);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });

  const ask = (given: typeof answer, argv: readonly string[] = ["cb", "list"]): ReturnType<typeof cli> => {
    answer = given;
    requests = [];
    const { port } = server.address() as { port: number };
    return cli(argv, {
      env: { BALDUR_ADMIN_URL: `http://127.0.0.1:${port}/api/baldur`, BALDUR_ADMIN_KEY: KEY },
    });
  };
  const PROBLEM = "application/problem+json";

  it.each<[string, Parameters<typeof ask>[0], number, string]>([
    ["is broken", { status: 500, type: PROBLEM, body: '{"detail":"it broke"}' }, 1, "error: it broke"],
    ["is too busy", { status: 504, type: PROBLEM, body: "{}" }, 1, "status 504"],
    ["refuses as adapters do", { status: 429, body: '{"error":"x","message":"too many"}' }, 2, "too many"],
    ["is another one", { status: 200, type: "text/html", body: "<p>" }, 1, "not as the control API does"],
    ["is another one and has no such page", { status: 404, type: "text/html" }, 2, "below /api/baldur"],
    ["answers no JSON", { status: 200, body: "{" }, 1, "not as the control API does"],
    ["is of a later version", { status: 200, body: '{"circuits":{}}' }, 1, "--json shows it as it came"],
    ["answers nothing useful", { status: 200, body: "null" }, 1, "not as the control API does"],
  ])("%s", async (_, given, code, said) => {
    const outcome = await ask(given);
    expect(outcome).toMatchObject({ code, out: "" });
    expect(outcome.err).toContain(said);
  });

  it("redirects is not followed: the key is for nobody else", async () => {
    const { code } = await ask({ status: 302, headers: { location: "/elsewhere" } });
    expect(requests).toEqual([`GET /api/baldur/control/status ${KEY}`]);
    expect(code).toBe(1); // nothing was listed
  });

  it("is unhealthy is shown, and fails", async () => {
    const body = JSON.stringify({
      status: "unhealthy",
      checks: { db: { status: "unhealthy", detail: "gone" } },
    });
    await expect(ask({ status: 503, body }, ["health"])).resolves.toEqual({
      code: 1,
      err: "",
      out: "unhealthy\nCHECK  STATUS     DETAIL\ndb     unhealthy  gone\n",
    });
  });

  it("speaks no TLS is said to", async () => {
    const { port } = server.address() as { port: number };
    const { code, err } = await cli(["health", "--url", `https://127.0.0.1:${port}`]);
    expect(code).toBe(1);
    expect(err).toBe(`error: what listens on https://127.0.0.1:${port} does not speak TLS\nis it http://?\n`);
  });

  it("never answers is given up", async () => {
    const outcome = await ask({ status: 0 }, ["--timeout", "1", "cb", "list"]);
    expect(outcome.code).toBe(1);
    expect(outcome.err).toMatch(/has not answered within 1 s/);
  });

  it("gets names as they are", async () => {
    await ask({ status: 404, type: PROBLEM }, ["cb", "show", "../a b/%2e?#é"]);
    expect(requests[0]).toBe(`GET /api/baldur/control/status/..%2Fa%20b%2F%252e%3F%23%C3%A9 ${KEY}`);
    for (const name of ["..", ".", ""]) {
      expect((await ask({ status: 200 }, ["cb", "show", name])).code).toBe(1);
      expect(requests).toEqual([]);
    }
  });
});

describe("without a server", () => {
  it("says what to do when nothing listens", async () => {
    const url = await deadUrl();
    const { code, out, err } = await cli(["cb", "list"], { env: { BALDUR_ADMIN_URL: url } });
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain(`error: nothing listens on ${url}\nstart the application with @baldur/admin`);
  });

  it.each<[string, string[], string]>([
    ["no command", [], "Usage: baldur"],
    ["an unknown command", ["nope"], "unknown command 'nope'"],
    ["an unknown option", ["cb", "list", "--nope"], "unknown option '--nope'"],
    ["a missing argument", ["cb", "show"], "missing required argument 'circuit'"],
    ["a missing reason", ["system", "disable"], "--reason"],
    ["a number out of bounds", ["cb", "force-open", "a", "--ttl", "1441"], "whole number from 1 to 1440"],
    ["no number", ["dlq", "replay", "--batch-size", "1e2"], "whole number from 1 to 200"],
    ["options that exclude each other", ["report", "--date", "today", "--days", "2"], "cannot be used with"],
    ["a purge that is not meant", ["dlq", "purge", "--ids", "a"], "add --confirm"],
    ["a purge of nothing", ["dlq", "purge", "--confirm"], "name what to purge"],
    ["no address", ["--url", "localhost:9090", "health"], "must be an address"],
    ["a question in the address", ["--url", "http://127.0.0.1/?a=1", "health"], "must be an address"],
    ["a key in the address", ["--url", "http://a:b@127.0.0.1", "health"], "set BALDUR_ADMIN_KEY"],
  ])("%s is an error of use", async (_, argv, said) => {
    const { code, out, err } = await cli(argv, { env: { BALDUR_ADMIN_URL: "http://127.0.0.1:1" } });
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain(said);
  });

  it("keeps a key to itself that no header can carry", async () => {
    for (const key of ["s3cret\ns3cret", "s3cret\u043a"]) {
      const { code, out, err } = await cli(["health"], { env: { BALDUR_ADMIN_KEY: key } });
      expect({ code, out }).toEqual({ code: 1, out: "" });
      expect(err).toContain("BALDUR_ADMIN_KEY is no key");
      expect(err).not.toContain("s3cret");
    }
    const address = await cli(["--url", "ftp://a:s3cret@127.0.0.1", "health"]);
    expect(address.err).not.toContain("s3cret");
  });

  it("helps, and says its version", async () => {
    const help = await cli(["cb", "--help"]);
    expect(help).toMatchObject({ code: 0, err: "" });
    expect(help.out).toContain("force-open [options] <circuit>");
    const version = await cli(["--version"]);
    expect(version).toMatchObject({ code: 0, err: "" });
    expect(version.out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
