import type { Attempt } from "@baldur/core";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { describeAttempts, describeError } from "../../src/snapshot/failure.js";

const refuse = () => {
  throw new Error("no");
};

describe("the description of an error", () => {
  it.each<[string, unknown, string]>([
    ["its code", Object.assign(new Error("x"), { code: "ECONNREFUSED", status: 500 }), "ECONNREFUSED"],
    ["a number", Object.assign(new Error("x"), { code: 11000 }), "11000"],
    ["its status", Object.assign(new Error("x"), { status: 503 }), "503"],
    ["its statusCode", Object.assign(new Error("x"), { code: "", statusCode: 429 }), "429"],
    ["its name", new TypeError("x"), "TypeError"],
    ["the status of an object", { status: 404 }, "404"],
    ["the type of a string", "x", "string"],
    ["null", null, "null"],
    ["undefined", undefined, "undefined"],
  ])("has as its code %s", (_, error, errorCode) => {
    expect(describeError(error).errorCode).toBe(errorCode);
  });

  it.each<[string, unknown, string]>([
    ["of an error", new Error("gone"), "gone"],
    ["of an error without one", new RangeError(), "RangeError"],
    [
      "of the first cause, where there is none",
      new AggregateError([new Error("first"), new Error("second")]),
      "first",
    ],
    ["of an object", { message: "gone" }, "gone"],
    ["of an object without one", { reason: { a: 1n } }, '{"reason":{"a":{"$baldur":"bigint","v":"1"}}}'],
    ["of a string", "gone", "gone"],
    ["of a number", 5, "5"],
    ["of undefined", undefined, "undefined"],
    ["of a symbol", Symbol("s"), "[symbol s]"],
  ])("has a message: that %s", (_, error, errorMessage) => {
    expect(describeError(error).errorMessage).toBe(errorMessage);
  });

  it("masks the secrets of a thrown object by their names", () => {
    const { errorMessage } = describeError({ ok: false, password: { inner: ["hunter2"] } });
    expect(errorMessage).toBe('{"ok":false,"password":***}');
  });

  it("bounds the message", () => {
    const { errorMessage } = describeError(new Error("😀".repeat(100_000)));
    expect(errorMessage.length).toBeLessThanOrEqual(500);
    expect(encodeURIComponent(errorMessage)).toMatch(/%E2%80%A6$/); // throws on half a pair
    expect(describeError(new Error("x".repeat(500))).errorMessage).toHaveLength(500);
    expect(describeError(Object.assign(new Error("x"), { code: "c".repeat(5000) })).errorCode).toHaveLength(
      100,
    );
  });

  it("names the causes and the gathered errors, each once", () => {
    const root = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    const error = new Error("outer", {
      cause: new AggregateError([root, new Error("b", { cause: root })], "both"),
    });
    expect(describeError(error).causes).toEqual([
      { name: "AggregateError", message: "both" },
      { name: "Error", message: "refused", code: "ECONNREFUSED" },
      { name: "Error", message: "b" },
    ]);
  });

  it("bears cycles and long chains of causes", () => {
    const error: Error & { cause?: unknown } = new Error("self");
    error.cause = error;
    expect(describeError(error).causes).toEqual([]);
    let chain = new Error("root");
    for (let n = 0; n < 1000; n++) chain = new Error(`${n}`, { cause: chain });
    expect(describeError(chain).causes).toHaveLength(10);
    expect(
      describeError(new AggregateError(Array.from({ length: 1000 }, () => new Error("x")))).causes,
    ).toHaveLength(10);
  });

  it("bounds the stack", () => {
    const error = new Error("deep");
    error.stack = `Error: deep\n${Array.from({ length: 200 }, (_, n) => `    at f${n} (file.js:1:1)`).join("\n")}`;
    const { stack } = describeError(error);
    expect(stack?.match(/^\s+at /gm)).toHaveLength(50);
    error.stack = `Error: deep\n${`    at ${"f".repeat(500)}\n`.repeat(45)}`;
    expect(describeError(error).stack).toHaveLength(10_000);
    error.stack = `${"x".repeat(1_000_000)}\n    at f (file.js:1:1)`;
    expect(describeError(error).stack?.length ?? 0).toBeLessThanOrEqual(10_000);
  });

  it("leaves out a stack without frames, which says no more than the message", () => {
    const error = new Error("refused");
    error.stack = "Error: refused";
    expect(describeError(error)).not.toHaveProperty("stack");
  });

  it("reads no stack where none is wanted, for that is what costs", () => {
    const error = new Error("deep");
    Object.defineProperty(error, "stack", { get: () => expect(true).toBe(false) });
    expect(describeError(error, false)).toMatchObject({ errorMessage: "deep" });
  });

  it("has no stack where there is none", () => {
    expect(describeError("x")).not.toHaveProperty("stack");
    expect(describeError(Object.assign(new Error("x"), { stack: [1] }))).not.toHaveProperty("stack");
  });

  it.each<[string, unknown]>([
    [
      "getters that throw",
      Object.create(
        Error.prototype,
        Object.fromEntries(
          ["name", "message", "code", "cause", "errors", "stack", "status"].map((key) => [
            key,
            { get: refuse },
          ]),
        ),
      ),
    ],
    [
      "a proxy that refuses everything",
      new Proxy(new Error("x"), { get: refuse, has: refuse, getPrototypeOf: refuse, ownKeys: refuse }),
    ],
    ["a revoked proxy", (({ proxy, revoke }) => (revoke(), proxy))(Proxy.revocable({}, {}))],
    [
      "properties of the wrong kind",
      Object.assign(new Error("x"), {
        name: 1,
        message: {},
        code: {},
        cause: refuse,
        errors: "abc",
        stack: null,
      }),
    ],
    ["a toString that throws", { toString: refuse, toJSON: refuse }],
    ["an endless message", { message: { toString: refuse } }],
    ["errors that are a proxy", { errors: new Proxy([], { get: refuse }) }],
  ])("never throws: %s", (_, error) => {
    const { errorCode, errorMessage } = describeError(error);
    expect([typeof errorCode, typeof errorMessage]).toEqual(["string", "string"]);
  });

  it("is JSON for anything thrown", () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withMap: true, withNullPrototype: true, withTypedArray: true }),
        (thrown) => {
          const description = describeError(thrown);
          expect(JSON.parse(JSON.stringify(description))).toEqual(description);
          expect(description.errorMessage.length).toBeLessThanOrEqual(500);
        },
      ),
    );
  });
});

describe("secrets in what an error says", () => {
  it.each([
    ["login failed: password=hunter2", "login failed: password=***"],
    ["password=hunter2; user=bob", "password=***; user=bob"],
    ['{"user":"bob","password":"hunt\\"er2","a":1}', '{"user":"bob","password":***,"a":1}'],
    ['{\\"password\\":\\"hunter2\\"}', '{\\"password\\":***'],
    ["{ dbPassword: 'hunter2', a: 1 }", "{ dbPassword: ***, a: 1 }"],
    ["secret: { key: 'hunter2' } and more", "secret: ***"],
    ["?api_key=hunter2&page=2", "?api_key=***&page=2"],
    ["Key (ssn)=(hunter2) already exists.", "Key (ssn)=*** already exists."],
    ["'token' => 'hunter2'", "'token' => ***"],
    ["sent Bearer hunter2.abc-_~+/= to it", "sent Bearer *** to it"],
    ["Basic aHVudGVyMg==", "Basic ***"],
    ["Authorization: Digest a=hunter2, b=hunter2\nHost: x", "Authorization: ***\nHost: x"],
    ["Cookie: a=hunter2; b=hunter2", "Cookie: ***"],
    ["connect postgres://bob:hunter2@db:5432/x failed", "connect postgres://***@db:5432/x failed"],
    ["redis://:hunter2@cache:6379", "redis://***@cache:6379"],
    ["amqp://bob:hun/ter2@hunter2@mq/v", "amqp://***@mq/v"],
    ["https://hunter2@git.example/x", "https://***@git.example/x"],
    ["jwt eyJhbGciOiJI.eyJzdWIi.hunter2", "jwt ***"],
    ["Invalid API Key provided: sk_live_hunter2hunter2", "Invalid API Key provided: ***"],
    ["-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY----- x", "*** x"],
    ["-----BEGIN PRIVATE KEY-----\nhunter2", "***"],
  ])("are masked: %s", (message, shown) => {
    const error = new Error(message, { cause: new Error(message) });
    const description = describeError(error);
    expect(description.errorMessage).toBe(shown);
    expect(JSON.stringify(description)).not.toContain("hunter2");
  });

  it("are masked in lines of a message that look like a stack's", () => {
    const message = "x\n    at https://u:hunter2@a.example\n    at password=hunter2\n  at Bearer hunter2";
    expect(JSON.stringify(describeError(new Error(message)))).not.toContain("hunter2");
  });

  it("are masked where the message is cut", () => {
    const url = `postgres://bob:${"hunter2".repeat(20)}@db`;
    for (let before = 440; before < 500; before++) {
      expect(describeError(new Error(`${"x".repeat(before)} ${url}`)).errorMessage).not.toContain("hunter2");
    }
  });

  it.each([
    "connect ECONNREFUSED 10.0.0.1:5432",
    "Unexpected token < in JSON at position 0",
    "GET https://api.example:8080/users/bob@example.com answered 404",
    "author: Bob, orderId=12, max_tokens: 5",
    "duplicate key value violates unique constraint",
  ])("are not seen where there are none: %s", (message) => {
    expect(describeError(new Error(message)).errorMessage).toBe(message);
  });
});

describe("the description of attempts", () => {
  const attempt = (number: number, rest: Partial<Attempt> = {}): Attempt => ({
    number,
    startedAt: new Date(number * 1000),
    duration: 5,
    ...rest,
  });

  it("tells what each was like", () => {
    const error = Object.assign(new Error("token=hunter2"), { code: "E" });
    expect(describeAttempts([attempt(1, { error, delayBeforeNext: 100 }), attempt(2)])).toEqual([
      {
        number: 1,
        startedAt: "1970-01-01T00:00:01.000Z",
        duration: 5,
        error: { name: "Error", message: "token=***", code: "E" },
        delayBeforeNext: 100,
      },
      { number: 2, startedAt: "1970-01-01T00:00:02.000Z", duration: 5 },
    ]);
  });

  it("tells the last twenty", () => {
    const described = describeAttempts(Array.from({ length: 50 }, (_, n) => attempt(n + 1)));
    expect(described.map(({ number }) => number)).toEqual(Array.from({ length: 20 }, (_, n) => n + 31));
  });

  it("leaves out what could not be read, as an application may hand it over", () => {
    const odd = {
      startedAt: new Date(Number.NaN),
      duration: Number.POSITIVE_INFINITY,
      delayBeforeNext: "soon",
    };
    expect(describeAttempts([odd, null, { startedAt: "now" }] as unknown as Attempt[])).toEqual([
      { number: 1 },
      { number: 2 },
      { number: 3 },
    ]);
    expect(describeAttempts([])).toEqual([]);
  });
});
