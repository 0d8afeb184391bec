import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { defineEvent, type PluginTelemetry } from "@baldur/core/plugin";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { telemetryOf } from "../src/telemetry.js";
import { ask, byKey, KEY, RawClient, routed, TestRuntime, until } from "./fixture.js";

jest.setTimeout(60_000);

const told = defineEvent<Record<string, unknown>>()("test.thing_happened", {
  level: "info",
  journal: true,
  help: "x",
});
const detail = defineEvent<Record<string, unknown>>()("test.detail_seen", { level: "debug", help: "x" });

interface Message {
  readonly event: string;
  readonly id?: string;
  readonly data: Record<string, never>;
}

/** Reads a stream of events as a browser does. */
class EventReader implements AsyncDisposable {
  readonly messages: Message[] = [];
  ended = false;
  #rest = "";
  readonly #abort = new AbortController();

  static async open(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
    const reader = new EventReader();
    const answer = await fetch(url, { headers, signal: reader.#abort.signal });
    expect([answer.status, answer.headers.get("content-type")]).toEqual([
      200,
      "text/event-stream; charset=utf-8",
    ]);
    void reader.#read(answer);
    return reader;
  }

  named(event: string): Message[] {
    return this.messages.filter((message) => message.event === event);
  }

  async #read({ body }: Response): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of body as unknown as AsyncIterable<Uint8Array>)
        this.#take(decoder.decode(chunk, { stream: true }));
    } catch {
      this.ended = true; // aborted
    }
    this.ended = true;
  }

  #take(text: string): void {
    const parts = (this.#rest + text).split("\n\n");
    this.#rest = parts.pop() ?? "";
    for (const part of parts) {
      const fields = Object.fromEntries(
        part
          .split("\n")
          .map((line) => [line.slice(0, line.indexOf(": ")), line.slice(line.indexOf(": ") + 2)]),
      );
      if (fields["event"] !== undefined)
        this.messages.push({ ...fields, data: JSON.parse(fields["data"] ?? "null") } as Message);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await until("ended", () => this.ended);
  }
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes that something holds on to. */
function memoryInUse(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

let runtime: TestRuntime;
let telemetry: PluginTelemetry;
let url: string;
beforeEach(async () => {
  const stats = routed({
    method: "GET",
    path: "/dlq/cleanup/stats",
    role: "viewer",
    handler: async () => ({ open: 7 }),
  });
  runtime = await TestRuntime.start({ plugins: [stats] });
  telemetry = telemetryOf(runtime.baldur);
  url = `${(await runtime.serve()).url}/events`;
});
afterEach(() => runtime[Symbol.asyncDispose]());

const things = (reader: EventReader): unknown[] =>
  reader
    .named("baldur")
    .filter(({ data }) => data["name"] === told.name)
    .map(({ data }) => data["payload"]);

describe("the stream of events", () => {
  it("tells how everything is at once, and then again and again", async () => {
    await runtime.baldur.protect("prices", () => 5);
    await using reader = await EventReader.open(url);
    await until("two ticks", () => reader.named("tick").length >= 2);
    expect(reader.named("tick")[0]?.data).toEqual({
      at: expect.any(String),
      health_status: "healthy",
      circuits_open: 0,
      dlq_open: 7,
      enabled: true,
      dryRun: false,
      mode: "normal",
      phase: "running",
      calls: { success: 1 },
    });
  });

  it("tells what happens, without secrets, each with an id", async () => {
    await using reader = await EventReader.open(url);
    await until("ready", () => reader.named("tick").length > 0);
    telemetry.report(told, { n: 1, password: "hunter2", text: "line\nevent: forged\ndata: {}\n\n" });
    telemetry.report(detail, { n: 2 });
    await until("told", () => things(reader).length > 0);
    expect(things(reader)).toEqual([{ n: 1, password: "***", text: "line\nevent: forged\ndata: {}\n\n" }]);
    expect(reader.named("forged")).toEqual([]);
    expect(reader.named("baldur").find(({ data }) => data["name"] === told.name)?.id).toMatch(/^\d+-\d+$/);
  });

  it("tells what is asked for", async () => {
    await using all = await EventReader.open(`${url}?level=debug`);
    await using few = await EventReader.open(`${url}?names=test.detail_seen&level=debug`);
    await until("ready", () => all.named("tick").length > 0 && few.named("tick").length > 0);
    telemetry.report(told, { n: 1 });
    telemetry.report(detail, { n: 2 });
    const names = (reader: EventReader): unknown[] =>
      reader
        .named("baldur")
        .map(({ data }) => data["name"])
        .filter((name) => String(name).startsWith("test."));
    await until("told", () => names(all).length === 2 && names(few).length > 0);
    expect(names(few)).toEqual(["test.detail_seen"]);
    expect((await fetch(`${url}?level=loud`)).status).toBe(400);
  });

  it("is for those who may look", async () => {
    const handler = runtime.handler({ key: KEY });
    expect((await ask(handler, "GET /events")).status).toBe(401);
    expect((await ask(handler, "GET /events", byKey(KEY))).status).toBe(200);
  });

  it("tells again what was kept since the last event that a reader has had", async () => {
    telemetry.report(told, { n: 0 });
    const before = Date.now() - 60_000;
    await until(
      "kept",
      async () => (await runtime.baldur.journal.page({ names: [told.name] })).entries.length > 0,
    );
    await using reader = await EventReader.open(url, { "last-event-id": `${before}-4` });
    await until("told", () => things(reader).length > 0);
    expect(reader.named("baldur").find(({ data }) => data["name"] === told.name)?.data).toMatchObject({
      payload: { n: 0 },
      replayed: true,
    });
    const since = new Date(before).toISOString();
    expect(reader.named("dropped")).toMatchObject([{ data: { since, until: expect.any(String) } }]);
  });

  it.each(["x", "../1", "1e9-1", "999999999999999-0"])(
    "tells that all was missed since an id of nobody's: %s",
    async (id) => {
      await using reader = await EventReader.open(url, { "last-event-id": id });
      await until("ready", () => reader.named("tick").length > 0);
      expect(things(reader)).toEqual([]);
      expect(reader.named("dropped")).toMatchObject([{ data: { until: expect.any(String) } }]);
    },
  );

  it("tells a reader without an id of nothing that was missed", async () => {
    await using reader = await EventReader.open(url, { "last-event-id": "" });
    await until("ready", () => reader.named("tick").length > 0);
    expect(reader.named("dropped")).toEqual([]);
  });

  it("costs nothing when nobody reads", async () => {
    const reader = await EventReader.open(url);
    await until("ready", () => reader.named("tick").length > 0);
    await reader[Symbol.asyncDispose]();
    let subscribed = 0;
    const { subscribe } = telemetry;
    telemetry.subscribe = ((...args: [never]) => {
      subscribed++;
      return subscribe.call(telemetry, ...args);
    }) as never;
    for (let asked = 0; asked < 50; asked++) await fetch(url, { method: "HEAD" });
    expect(subscribed).toBe(0);
  });

  it("has an end to its readers", async () => {
    const readers = await Promise.all(Array.from({ length: 64 }, () => EventReader.open(url)));
    await until("ready", () => readers.every((reader) => reader.named("tick").length > 0));
    const refused = await fetch(url);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "10"]);
    await Promise.all(readers.map((reader) => reader[Symbol.asyncDispose]()));
    await until("room again", async () => {
      const { status, body } = await fetch(url);
      await body?.cancel();
      return status === 200;
    });
  });
});

describe("a slow reader", () => {
  it("costs a bounded amount of memory, and is told how much it missed", async () => {
    const storm = 20_000;
    await using slow = new RawClient(Number(new URL(url).port));
    slow.write("GET /events?level=debug HTTP/1.1", "Host: localhost", "", "");
    await until("begun", () => slow.received.includes("event: tick"));
    slow.socket.pause();
    runtime.telemetry[Symbol.dispose](); // it would keep them all
    const before = memoryInUse();
    for (let sent = 0; sent < storm; sent++) {
      telemetry.report(detail, { n: sent, text: `${sent}`.padEnd(4000) });
      if (sent % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(memoryInUse() - before).toBeLessThan(10_000_000); // all of them are 80 MB
    slow.socket.resume();
    await until("told", () => slow.received.includes(`"n":${storm - 1},`));
    const counts = [...slow.received.matchAll(/event: dropped\ndata: {"count":(\d+)}/g)];
    expect(counts.reduce((sum, [, count]) => sum + Number(count), 0)).toBeGreaterThan(storm / 2);
  });

  it("keeps no other reader waiting", async () => {
    await using slow = new RawClient(Number(new URL(url).port));
    slow.write("GET /events HTTP/1.1", "Host: localhost", "", "");
    await until("begun", () => slow.received.includes("event: tick"));
    slow.socket.pause();
    await using quick = await EventReader.open(url);
    await until("ready", () => quick.named("tick").length > 0);
    for (let sent = 0; sent < 200; sent++) telemetry.report(told, { n: sent, text: "x".repeat(4000) });
    await until("told", () => things(quick).length === 200);
  });
});

describe("a handler in another server", () => {
  it("ends its streams when the runtime drains, for that would wait for them", async () => {
    const answer = await runtime.handler()(new Request("http://localhost/events"), {
      remoteAddress: "127.0.0.1",
    });
    const reader = answer.body?.getReader();
    await reader?.read();
    const closing = runtime.baldur.close();
    for (let done = false; !done; ) done = (await reader?.read())?.done ?? true;
    await closing;
  });
});
