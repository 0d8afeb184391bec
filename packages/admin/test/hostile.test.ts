// What arrives on a socket, as nobody's client would send it.
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { AdminServer } from "../src/server/admin-server.js";
import { KEY, RawClient, routed, TestRuntime, until } from "./fixture.js";

jest.setTimeout(60_000);

const MIB = 1024 * 1024;
const SOAK = process.env["BALDUR_SOAK"] === "1";

const bodies: unknown[] = [];
const echo = routed({
  method: "POST",
  path: "/echo",
  role: "operator",
  handler: ({ body }) => {
    bodies.push(body);
    return { body };
  },
});

let runtime: TestRuntime;
let server: AdminServer;
beforeEach(async () => {
  bodies.length = 0;
  runtime = await TestRuntime.start({ plugins: [echo], settings: { admin: { requestTimeout: 1000 } } });
  server = await runtime.serve();
});
afterEach(() => runtime[Symbol.asyncDispose]());

const POST = ["POST /echo HTTP/1.1", "Host: localhost", "Content-Type: application/json"];
const isWell = async (): Promise<boolean> => (await fetch(`${server.url}/liveness`)).status === 200;

describe("a body that is too large", () => {
  it("is refused by its length, and the connection closed", async () => {
    await using client = new RawClient(server.boundPort);
    client.write(...POST, `Content-Length: ${2 * MIB}`, "", "x");
    await until("closed", () => client.closed);
    expect(client.statuses).toEqual([413]);
    expect(client.received).toMatch(/^connection: close$/im);
    expect(client.received).toContain('"code":"PAYLOAD_TOO_LARGE"');
  });

  it("is refused while it comes in chunks without a length, and the connection closed", async () => {
    await using client = new RawClient(server.boundPort);
    client.write(...POST, "Transfer-Encoding: chunked", "", "");
    const chunk = `${(64 * 1024).toString(16)}\r\n${"x".repeat(64 * 1024)}\r\n`;
    for (let sent = 0; sent < 64 && !client.closed; sent++) {
      client.socket.write(chunk);
      await sleep(1);
    }
    await until("closed", () => client.closed);
    expect(client.statuses).toEqual([413]);
    expect(bodies).toEqual([]);
  });

  it("is refused to a client that sends all of it before it listens", async () => {
    const answer = await fetch(`${server.url}/echo`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: `"${"x".repeat(MIB)}"`,
    });
    expect(answer.status).toBe(413);
  });

  it("is not one of exactly the limit", async () => {
    const body = `"${"x".repeat(MIB - 2)}"`;
    const headers = { "content-type": "application/json" };
    expect((await fetch(`${server.url}/echo`, { method: "POST", headers, body })).status).toBe(200);
  });

  it("does not let a second request through behind it", async () => {
    await using client = new RawClient(server.boundPort);
    const second = [
      "POST /echo HTTP/1.1",
      "Host: localhost",
      "Content-Type: application/json",
      "Content-Length: 2",
      "",
      "{}",
    ];
    client.write(...POST, `Content-Length: ${2 * MIB}`, "", ...second);
    await until("closed", () => client.closed);
    expect(client.statuses).toEqual([413]);
    expect(bodies).toEqual([]);
  });
});

describe("a length that is none", () => {
  it.each(["-1", "1.5", "abc", "0x10", "1, 2", "99999999999999999999", "+2"])(
    "is refused: %s",
    async (length) => {
      await using client = new RawClient(server.boundPort);
      client.write(...POST, `Content-Length: ${length}`, "", "{}");
      await until("answered", () => client.statuses.length > 0);
      expect([400, 413]).toContain(client.statuses[0]);
      expect(bodies).toEqual([]);
    },
  );
});

describe("a chunked body", () => {
  it("is read whole", async () => {
    await using client = new RawClient(server.boundPort);
    client.write(...POST, "Transfer-Encoding: chunked", "", "5", '{"a":', "2", "1}", "0", "", "");
    await until("answered", () => client.received.includes('"a":1'));
    expect(bodies).toEqual([{ a: 1 }]);
  });
});

describe("a smuggled request", () => {
  const INNER = [
    "POST /echo HTTP/1.1",
    "Host: localhost",
    "Content-Type: application/json",
    "Content-Length: 9",
    "",
    '"smuggled"',
  ];

  it.each<[string, readonly string[]]>([
    ["a length and chunks", ["Content-Length: 4", "Transfer-Encoding: chunked", "", "0", "", ...INNER]],
    ["chunks and a length", ["Transfer-Encoding: chunked", "Content-Length: 4", "", "0", "", ...INNER]],
    ["two lengths", ["Content-Length: 2", "Content-Length: 60", "", "{}", ...INNER]],
    ["chunks that are not the last coding", ["Transfer-Encoding: chunked, identity", "", "0", "", ...INNER]],
    ["an unknown coding", ["Transfer-Encoding: xchunked", "", "0", "", ...INNER]],
    ["chunks with a space before the colon", ["Transfer-Encoding : chunked", "", "0", "", ...INNER]],
    [
      "chunks after a folded line",
      ["X: y", " Transfer-Encoding: chunked", "Content-Length: 2", "", "{}", ...INNER],
    ],
    ["chunks twice", ["Transfer-Encoding: chunked", "Transfer-Encoding: identity", "", "0", "", ...INNER]],
    ["a chunk size that is none", ["Transfer-Encoding: chunked", "", "0x0", "", "", ...INNER]],
    [
      "a chunk size that overflows",
      ["Transfer-Encoding: chunked", "", "10000000000000000", "", "", ...INNER],
    ],
    ["a bare carriage return", ["X: y\rTransfer-Encoding: chunked", "Content-Length: 2", "", "{}", ...INNER]],
    [
      "a line feed in a header",
      ["X: y\nTransfer-Encoding: chunked", "Content-Length: 2", "", "{}", ...INNER],
    ],
    ["a zero byte in a header", ["X: y\u0000", "Content-Length: 2", "", "{}", ...INNER]],
  ])("is not answered: %s", async (_, lines) => {
    await using client = new RawClient(server.boundPort);
    client.write(...POST, ...lines);
    await until("answered or closed", () => client.closed || client.statuses.length > 0);
    client.socket.end();
    await until("closed", () => client.closed);
    expect(client.statuses[0]).not.toBe(200);
    expect(bodies).not.toContain("smuggled");
    expect(await isWell()).toBe(true);
  });

  it("is none of a body that is longer than it says: the rest is another request, and a broken one", async () => {
    await using client = new RawClient(server.boundPort);
    client.write(...POST, "Content-Length: 2", "", '{}"rest"');
    client.socket.end();
    await until("closed", () => client.closed);
    expect(client.statuses.at(-1)).toBe(400);
    expect(bodies).toEqual([{}]);
  });

  it("is none of two that follow each other as they should", async () => {
    await using client = new RawClient(server.boundPort);
    client.write(...POST, "Content-Length: 3", "", '"a"');
    client.write(...POST, "Content-Length: 3", "", '"b"');
    await until("answered", () => client.statuses.length === 2);
    expect([client.statuses, bodies]).toEqual([
      [200, 200],
      ["a", "b"],
    ]);
  });
});

describe("a request line", () => {
  it.each([
    "GET http://evil.example/liveness HTTP/1.1",
    "GET //evil.example/liveness HTTP/1.1",
    "GET evil.example HTTP/1.1",
    "GET /\\evil.example HTTP/1.1",
    "CONNECT evil.example:80 HTTP/1.1",
    "TRACE /liveness HTTP/1.1",
    "FOO /liveness HTTP/1.1",
    "GET /liveness HTTP/9.9",
    "GET /%zz HTTP/1.1",
    "GET /%c0%ae%c0%ae/liveness HTTP/1.1",
    `GET /${"x".repeat(100_000)} HTTP/1.1`,
    "PRI * HTTP/2.0",
    "OPTIONS * HTTP/1.1",
    "\u0016\u0003\u0001",
  ])("that is strange is refused: %.60s", async (line) => {
    await using client = new RawClient(server.boundPort);
    client.write(line, "Host: localhost", "Connection: close", "", "");
    await until("closed", () => client.closed);
    for (const status of client.statuses) expect(status).toBeGreaterThanOrEqual(400);
    expect(await isWell()).toBe(true);
  });

  it("without a Host is refused", async () => {
    await using client = new RawClient(server.boundPort);
    client.write("GET /liveness HTTP/1.1", "Connection: close", "", "");
    await until("closed", () => client.closed);
    expect(client.statuses).toEqual([400]);
  });

  it("of HTTP/1.0 without a Host is refused", async () => {
    await using client = new RawClient(server.boundPort);
    client.write("GET /liveness HTTP/1.0", "", "");
    await until("closed", () => client.closed);
    expect(client.statuses[0]).toBeGreaterThanOrEqual(400);
  });
});

describe("a client that takes its time", () => {
  it("over its headers is cut off", async () => {
    await using client = new RawClient(server.boundPort);
    client.write("GET /liveness HTTP/1.1", "Host: localhost", "X: ");
    await until("closed", () => client.closed);
    expect(client.statuses).toEqual([408]);
  });

  it("over its body is cut off", async () => {
    await using client = new RawClient(server.boundPort);
    client.write(...POST, "Content-Length: 10", "", "{");
    await until("closed", () => client.closed);
    expect([408, 504]).toContain(client.statuses[0]);
    expect(bodies).toEqual([]);
  });

  it("and goes amid its body disturbs nobody", async () => {
    await using client = new RawClient(server.boundPort);
    client.write(...POST, "Content-Length: 10", "Expect: 100-continue", "", "{");
    await until("read", () => client.statuses[0] === 100);
    client.socket.resetAndDestroy();
    expect(await isWell()).toBe(true);
    const refused = (): unknown[] => runtime.telemetry.named("admin.action").map(({ payload }) => payload);
    await until("noted", () => refused().length > 0);
    expect(refused()).toMatchObject([{ outcome: "refused", status: 400 }]);
    expect(runtime.telemetry.named("admin.handler_error")).toEqual([]);
    expect(bodies).toEqual([]);
  });
});

describe("idle connections", () => {
  const MANY = SOAK ? 10_000 : 500;

  it(`do not keep others from being answered: ${MANY}`, async () => {
    const patient = await TestRuntime.start();
    const own = await patient.serve({ key: KEY });
    // A process of their own: both ends of so many are more than one may have open.
    const script = fileURLToPath(new URL("./idle-clients.mjs", import.meta.url));
    const clients = spawn(process.execPath, [script, String(own.boundPort), String(MANY)]);
    let said = "";
    clients.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      said += chunk;
    });
    try {
      await until("connected", () => said === "connected\n");
      for (let asked = 0; asked < 20; asked++) expect((await fetch(`${own.url}/liveness`)).status).toBe(200);
      expect(said).toBe("connected\n");
      await own.stop({ timeout: 100 });
      await until("all closed", () => said.endsWith("\nclosed\n"));
    } finally {
      clients.kill();
      await patient[Symbol.asyncDispose]();
    }
  });
});

describe("HEAD and OPTIONS", () => {
  it("HEAD is GET without its body, also of a stream", async () => {
    for (const path of ["/liveness", "/posture", "/events", "/schema"]) {
      const answer = await fetch(`${server.url}${path}`, { method: "HEAD" });
      expect([answer.status, await answer.text()]).toEqual([200, ""]);
    }
    expect(await isWell()).toBe(true);
  });

  it("HEAD is as guarded as GET", async () => {
    const own = await TestRuntime.start();
    const guarded = await own.serve({ key: KEY });
    expect((await fetch(`${guarded.url}/posture`, { method: "HEAD" })).status).toBe(401);
    await own[Symbol.asyncDispose]();
  });

  it("OPTIONS tells the methods, and lets no other origin in", async () => {
    const headers = { origin: "http://localhost:3000", "access-control-request-method": "POST" };
    const answer = await fetch(`${server.url}/system/disable`, { method: "OPTIONS", headers });
    expect([answer.status, answer.headers.get("allow")]).toEqual([204, "POST, OPTIONS"]);
    expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  it("another method than a route's is refused with those that it has", async () => {
    const answer = await fetch(`${server.url}/system/status`, { method: "DELETE" });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
  });
});
