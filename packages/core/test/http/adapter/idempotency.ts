import { Readable } from "node:stream";
import { afterEach, describe, expect, it } from "@jest/globals";
import type { IdempotencyStore } from "../../../src/idempotency/store.js";
import { type Answer, ask, Gate, RawClient, until } from "./client.js";
import { type Bench, Benches, type BenchOptions } from "./fixture.js";
import type { AdapterSubject, TestRoute } from "./subject.js";

type Guard = NonNullable<TestRoute["guard"]>["idempotency"];
type Handler = TestRoute["handler"];

const KEY = "8e03978e-40d5-43e8-bc93-6894a57f9324";

/** Requests that carry a key are done once; draft-ietf-httpapi-idempotency-key-header. */
export function idempotencyCases(subject: AdapterSubject): void {
  describe("Idempotency-Key", () => {
    const benches = new Benches(subject);
    afterEach(() => benches.stop());

    interface Shop extends Bench {
      readonly calls: () => number;
      pay(key: string | undefined, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
    }

    const shop = async (
      idempotency: Guard = "required",
      handler: Handler = ({ body }) => ({ status: 201, body: { paid: body } }),
      options: BenchOptions = {},
    ): Promise<Shop & { clock: { advance(ms: number): Promise<void> } }> => {
      let calls = 0;
      const counting: Handler = (asked) => {
        calls++;
        return handler(asked);
      };
      const guard = { idempotency };
      const routes: TestRoute[] = [
        { method: "POST", path: "/pay", guard, handler: counting },
        { method: "POST", path: "/refund", guard, handler: counting },
        { method: "GET", path: "/pay", guard, handler: counting },
      ];
      const bench = await benches.startTimed({ routes, ...options });
      const pay: Shop["pay"] = (key, body = { order: 1 }, headers = {}) =>
        bench.ask("/pay", {
          body,
          headers: { ...(key !== undefined && { "idempotency-key": key }), ...headers },
        });
      return { ...bench, pay, calls: () => calls };
    };

    const problem = ({ status, headers, body }: Answer): object => ({
      status,
      type: String(headers["content-type"]).split(";")[0],
      language: headers["content-language"],
      link: headers["link"],
      ...(JSON.parse(body) as { title: string }),
    });

    it("400: the key is missing, and the answer links to what explains it", async () => {
      const { pay, calls } = await shop({
        required: true,
        documentation: "https://shop.example/idempotency",
      });
      expect(problem(await pay(undefined))).toMatchObject({
        status: 400,
        type: "https://shop.example/idempotency",
        link: '<https://shop.example/idempotency>; rel="describedby"; type="text/html"',
        language: "en",
        title: "Idempotency-Key is missing",
      });
      expect(calls()).toBe(0);
    });

    it.each([
      "a, b",
      '"a", "b"',
      '"unterminated',
      "with space",
      '"tab\t"',
      `"${"x".repeat(256)}"`,
      '""',
      "é",
    ])("400: the key is malformed: %s", async (key) => {
      const { port, calls } = await shop(true);
      const client = new RawClient(port);
      client.send(
        "POST /pay HTTP/1.1",
        "Host: a",
        "Connection: close",
        "Content-Length: 0",
        `Idempotency-Key: ${key}`,
      );
      await until("answered", () => client.closed);
      expect(client.received).toMatch(/^HTTP\/1\.1 400 /);
      expect(client.received).toContain("Idempotency-Key is malformed");
      expect(calls()).toBe(0);
    });

    it("400: more than one key", async () => {
      const { port, calls } = await shop();
      const client = new RawClient(port);
      client.send(
        ...["POST /pay HTTP/1.1", "Host: a", "Connection: close", "Content-Length: 0"],
        ...["Idempotency-Key: a", "Idempotency-Key: b"],
      );
      await until("answered", () => client.closed);
      expect(client.received).toMatch(/^HTTP\/1\.1 400 /);
      expect(calls()).toBe(0);
    });

    it("first time: the request is processed; retry: the result of the completed one", async () => {
      const { pay, calls } = await shop("required", ({ body }) => ({
        status: 201,
        headers: { location: "/orders/1", "set-cookie": ["a=1", "b=2"], "x-empty": "" },
        body: { paid: body, at: Math.random() },
      }));
      const first = await pay(`"${KEY}"`);
      const again = await pay(`"${KEY}"`);
      expect(first.status).toBe(201);
      expect(again.status).toBe(201);
      expect(again.body).toBe(first.body);
      const { "idempotency-replayed": replayed, date: _then, etag: _tag, ...headers } = again.headers;
      const { date: _now, etag: _sameTag, ...before } = first.headers;
      expect(replayed).toBe("true");
      expect(headers).toEqual(before); // both cookies among them
      expect(calls()).toBe(1);
    });

    it("takes a key without quotes for the same key", async () => {
      const { pay, calls } = await shop();
      await pay(`"${KEY}"`);
      await expect(pay(KEY)).resolves.toMatchObject({ headers: { "idempotency-replayed": "true" } });
      expect(calls()).toBe(1);
    });

    it("409: a request is outstanding", async () => {
      const gate = new Gate();
      const { pay, calls } = await shop("required", async () => {
        await gate.pass();
        return { body: "done" };
      });
      const first = pay(KEY);
      await gate.reached();
      const second = await pay(KEY);
      expect(problem(second)).toMatchObject({
        status: 409,
        title: "A request is outstanding for this Idempotency-Key",
      });
      expect(second.headers["retry-after"]).toBe("1");
      gate.open();
      await expect(first).resolves.toMatchObject({ status: 200 });
      await expect(pay(KEY)).resolves.toMatchObject({ status: 200, body: "done" });
      expect(calls()).toBe(1);
    });

    it("422: the key was used for another payload, URL or caller", async () => {
      const { pay, ask, calls } = await shop();
      await pay(KEY, { order: 1, amount: 2 });
      const headers = { "idempotency-key": KEY };
      for (const other of [
        await pay(KEY, { order: 1, amount: 3 }),
        await pay(KEY, [1]),
        await ask("/pay?dry", { body: { order: 1, amount: 2 }, headers }),
        await ask("/refund", { body: { order: 1, amount: 2 }, headers }),
        await pay(KEY, { order: 1, amount: 2 }, { authorization: "Bearer someone else" }),
        await pay(KEY, { order: 1, amount: 2 }, { cookie: "session=of someone else" }),
      ]) {
        expect(problem(other)).toMatchObject({ status: 422, title: "Idempotency-Key is already used" });
      }
      await expect(pay(KEY, { amount: 2, order: 1 })).resolves.toMatchObject({ status: 201 }); // the order of fields says nothing
      expect(calls()).toBe(1);
    });

    it("keeps the keys of principals apart", async () => {
      const principal = ({ headers }: { headers: Record<string, string | undefined> }) => headers["x-tenant"];
      const { pay, calls } = await shop({ principal });
      const a = { "x-tenant": "a" };
      await pay(KEY, { order: 1 }, a);
      await expect(pay(KEY, { order: 2 }, { "x-tenant": "b" })).resolves.toMatchObject({ status: 201 });
      const refreshed = await pay(KEY, { order: 1 }, { ...a, authorization: "Bearer new token" });
      expect(refreshed.headers["idempotency-replayed"]).toBe("true");
      expect(calls()).toBe(2);
    });

    it("compares what it is told to", async () => {
      const { pay, calls } = await shop({
        fingerprint: ({ body }: { body: { order: number } }) => body.order,
      });
      await pay(KEY, { order: 1, sentAt: 1 });
      await expect(pay(KEY, { order: 1, sentAt: 2 })).resolves.toMatchObject({ status: 201 });
      await expect(pay(KEY, { order: 2, sentAt: 2 })).resolves.toMatchObject({ status: 422 });
      expect(calls()).toBe(1);
    });

    it("does requests without a key where none is required, and those of safe methods", async () => {
      const { pay, ask, calls } = await shop(true);
      await pay(undefined);
      await pay(undefined);
      for (let n = 0; n < 2; n++) await ask("/pay", { headers: { "idempotency-key": KEY } });
      expect(calls()).toBe(4);
    });

    it.each([
      [200, 1],
      [302, 1],
      [400, 1],
      [402, 1],
      [404, 1],
      [422, 1],
      [401, 2],
      [403, 2],
      [408, 2],
      [425, 2],
      [429, 2],
      [500, 2],
      [503, 2],
    ])("after an answer %i the request is done %i times", async (status, times) => {
      const { pay, calls } = await shop("required", () => ({ status, body: { status } }));
      for (let n = 0; n < 2; n++) await expect(pay(KEY)).resolves.toMatchObject({ status });
      expect(calls()).toBe(times);
    });

    it("does again what threw", async () => {
      let isBroken = true;
      const { pay, calls } = await shop("required", () => {
        if (isBroken) throw new Error("broken");
        return { body: "done" };
      });
      await expect(pay(KEY)).resolves.toMatchObject({ status: 500 });
      isBroken = false;
      await expect(pay(KEY)).resolves.toMatchObject({ status: 200 });
      await expect(pay(KEY)).resolves.toMatchObject({ headers: { "idempotency-replayed": "true" } });
      expect(calls()).toBe(2);
    });

    it("keeps the answer to a client that has left", async () => {
      const gate = new Gate();
      const { port, calls, runtime } = await shop("required", async () => {
        await gate.pass();
        return { status: 201, body: "paid" };
      });
      const client = new RawClient(port);
      client.send("POST /pay HTTP/1.1", "Host: a", "Content-Length: 0", `Idempotency-Key: ${KEY}`);
      await gate.reached();
      client.reset();
      await until("left", () => runtime.lifecycle.inFlight === 0);
      gate.open();
      const again = (): Promise<Answer> =>
        ask(port, "/pay", { method: "POST", headers: { "idempotency-key": KEY, "content-length": "0" } });
      await until("recorded", async () => (await again()).status === 201);
      await expect(again()).resolves.toMatchObject({
        body: "paid",
        headers: { "idempotency-replayed": "true" },
      });
      expect(calls()).toBe(1);
    });

    it.each<[string, () => string | Buffer | Readable]>([
      ["text", () => "grüße"],
      ["bytes", () => Buffer.from([0, 255, 128, 10])],
      ["a stream", () => Readable.from([Buffer.from("one "), Buffer.from("two")])],
      ["nothing", () => ""],
    ])("repeats a body of %s", async (_, body) => {
      const { port } = await shop("required", () => ({
        headers: { "content-type": "application/x" },
        body: body(),
      }));
      const sent = (): Promise<string> => rawBody(port);
      const first = await sent();
      await expect(sent()).resolves.toBe(first);
    });

    it("repeats no answer that is too long, and does the work no second time", async () => {
      const body = "x".repeat(1001);
      const { pay, calls, telemetry } = await shop({ maxBytes: 1000 }, () => ({ body }));
      await expect(pay(KEY)).resolves.toMatchObject({ status: 200, body });
      expect(problem(await pay(KEY))).toMatchObject({ status: 409, title: "The request was done before" });
      expect(calls()).toBe(1);
      expect(telemetry.named("http.response_too_long")).toHaveLength(1);
    });

    it("forgets a key when its time is over", async () => {
      const { pay, calls, clock } = await shop({ ttl: 60_000 });
      await pay(KEY);
      await clock.advance(59_000);
      await pay(KEY);
      await clock.advance(2000);
      await pay(KEY);
      expect(calls()).toBe(2);
    });

    it("503: nobody can tell, and the request is not done", async () => {
      const { pay, calls, runtime } = await shop();
      fail(runtime);
      expect(problem(await pay(KEY))).toMatchObject({ status: 503 });
      expect(calls()).toBe(0);
    });

    it("does requests unguarded where that is wanted and the store is away", async () => {
      const { pay, calls, runtime } = await shop({ failOpen: true });
      fail(runtime);
      await expect(pay(KEY)).resolves.toMatchObject({ status: 201 });
      expect(calls()).toBe(1);
    });

    it("answers when the answer is recorded, not before", async () => {
      const { pay, runtime } = await shop();
      const recorded = new Gate();
      const store = memory(runtime);
      use(runtime, {
        ...store,
        complete: async (...args) => {
          await recorded.pass();
          return store.complete(...args);
        },
      });
      let answer: Answer | undefined;
      const asked = pay(KEY).then((given) => {
        answer = given;
      });
      await recorded.reached();
      await expect(pay(KEY)).resolves.toMatchObject({ status: 409 });
      expect(answer).toBeUndefined();
      recorded.open();
      await asked;
      expect(answer).toMatchObject({ status: 201 });
    });

    it("holds where an operator has switched everything off", async () => {
      const { pay, calls, runtime } = await shop();
      await runtime.control.disable({ actor: "test", reason: "test" });
      await pay(KEY);
      await pay(KEY);
      expect(calls()).toBe(1);
    });

    it("does one of many that come at once", async () => {
      const { pay, calls } = await shop("required", async () => {
        await new Promise(setImmediate);
        return { status: 201, body: "paid" };
      });
      const answers = await Promise.all(Array.from({ length: 20 }, () => pay(KEY)));
      expect(calls()).toBe(1);
      const statuses = answers.map(({ status }) => status);
      expect(statuses.filter((status) => status === 201).length).toBeGreaterThanOrEqual(1);
      expect(statuses.every((status) => status === 201 || status === 409)).toBe(true);
    });
  });
}

interface Gated {
  readonly idempotency: { use(store: IdempotencyStore): void };
  readonly idempotencyStore: IdempotencyStore;
}

const inside = (runtime: unknown): Gated => runtime as Gated;
const use = (runtime: unknown, store: IdempotencyStore): void => inside(runtime).idempotency.use(store);

function memory(runtime: unknown): IdempotencyStore {
  const { idempotencyStore: store } = inside(runtime);
  return {
    shared: store.shared,
    claim: (...args) => store.claim(...args),
    complete: (...args) => store.complete(...args),
    fail: (...args) => store.fail(...args),
    release: (...args) => store.release(...args),
  };
}

/** Its store is away from now on. */
function fail(runtime: unknown): void {
  const away = async (): Promise<never> => {
    throw new Error("the store is away");
  };
  use(runtime, { shared: true, claim: away, complete: away, fail: away, release: away });
}

/** The bytes of an answer. */
async function rawBody(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/pay`, {
    method: "POST",
    headers: { "idempotency-key": KEY },
  });
  return `${response.status} ${response.headers.get("content-type")} ${Buffer.from(await response.arrayBuffer()).toString("hex")}`;
}
