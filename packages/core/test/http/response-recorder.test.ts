import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { describe, expect, it } from "@jest/globals";
import { type RecordedResponse, ResponseRecorder } from "../../src/http/response-recorder.js";
import { ask } from "./adapter/client.js";

type Handler = (response: ServerResponse, request: IncomingMessage) => unknown;

/** What a handler answers, as it was recorded and as a client has it. */
async function recorded(
  handler: Handler,
  { maxBytes = 1000, method = "GET" } = {},
): Promise<{ seen: RecordedResponse[]; status: number; body: string; headers: Record<string, unknown> }> {
  const seen: RecordedResponse[] = [];
  const server = createServer((request, response) => {
    new ResponseRecorder(response, maxBytes, (given) => void seen.push(given));
    handler(response, request);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const answer = await ask((server.address() as { port: number }).port, "/", { method });
  server.close();
  return { seen, ...answer };
}

describe("what an application answers is read along", () => {
  it.each<[string, Handler]>([
    ["end", (response) => response.end("hello")],
    ["write and end", (response) => (response.write("he"), response.end("llo"))],
    ["write, with callbacks", (response) => response.write("hello", () => response.end(() => undefined))],
    ["an encoding", (response) => response.end("aGVsbG8=", "base64")],
    ["bytes", (response) => (response.write(Buffer.from("hel")), response.end(new Uint8Array([108, 111])))],
    ["writeHead", (response) => response.writeHead(200, { "X-A": "1" }).end("hello")],
  ])("by %s", async (_, handler) => {
    const { seen, body } = await recorded(handler);
    expect(body).toBe("hello");
    expect(seen).toMatchObject([{ status: 200 }]);
    expect(seen[0]?.body?.toString()).toBe("hello");
  });

  it("with its status and all its headers, however they were given", async () => {
    const flat = await recorded((response) => {
      response.setHeader("x-set", "1").setHeader("set-cookie", ["a=1", "b=2"]);
      response.writeHead(201, "Made", ["X-Flat", "2", "X-Twice", "a", "X-Twice", "b"] as never).end();
    });
    expect(flat.seen).toMatchObject([
      { status: 201, headers: { "x-set": "1", "set-cookie": ["a=1", "b=2"] } },
    ]);
    expect(flat.seen[0]?.headers).toMatchObject({ "x-flat": "2", "x-twice": ["a", "b"] });
    const object = await recorded((response) => {
      response.setHeader("x-a", "old");
      response.writeHead(202, { "X-A": "new" }).end();
    });
    expect(object).toMatchObject({ status: 202, headers: { "x-a": "new" } });
    expect(object.seen[0]?.headers).toMatchObject({ "X-A": "new" });
    const late = await recorded((response) => {
      response.statusCode = 404;
      response.setHeader("x-late", "1");
      response.end();
    });
    expect(late.seen).toMatchObject([{ status: 404, headers: { "x-late": "1" } }]);
  });

  it("up to a length", async () => {
    const fits = await recorded((response) => response.end("x".repeat(1000)));
    expect(fits.seen[0]?.body?.length).toBe(1000);
    const long = await recorded((response) => {
      for (let n = 0; n < 11; n++) response.write("x".repeat(100));
      response.end();
    });
    expect(long.seen[0]?.body).toBeUndefined();
    expect(long.body).toHaveLength(1100);
  });

  it("and is not changed while it waits to be sent", async () => {
    let settle = (): void => undefined;
    const settled = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const server = createServer((_request, response) => {
      new ResponseRecorder(response, 1000, () => settled);
      response.statusCode = 201;
      response.setHeader("X-Paid", "1").end("paid");
      response.removeHeader("x-paid");
      Object.assign(response, { statusCode: 500, statusMessage: "It threw" });
      response.setHeader("x-error", "late").writeHead(502);
      response.write("never mind");
      response.end("it threw");
      settle();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const answer = await ask((server.address() as { port: number }).port, "/");
    server.close();
    expect(answer).toMatchObject({ status: 201, body: "paid", headers: { "x-paid": "1" } });
    expect(answer.headers["x-error"]).toBeUndefined();
  });

  it("once", async () => {
    const { seen } = await recorded((response) => (response.end("a"), response.end("b"), response.end()));
    expect(seen).toHaveLength(1);
  });
});
