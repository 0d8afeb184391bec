import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import { hostName, isLoopbackAddress, isLoopbackName } from "../src/access/hosts.js";
import { Keys } from "../src/access/keys.js";
import { docsPage } from "../src/schema/page.js";
import { frame } from "../src/stream/frame.js";
import { ask, KEY, routed, TestRuntime } from "./fixture.js";

jest.setTimeout(120_000);

const RUNS = process.env["BALDUR_SOAK"] === "1" ? 20_000 : 500;
const options = { numRuns: RUNS };
/** A request costs more than a comparison. */
const requests = { numRuns: RUNS / 2 };

describe("names and addresses", () => {
  it("never throw, and one that is loopback is written as loopback is", () => {
    const near = fc.stringMatching(
      /^[l1][oO0]?[cC2]?[a7]?[lL.]?[h0-9.:[\]@#/\\ ]{0,20}(evil\.example)?(:\d{1,6})?$/,
    );
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.domain(), fc.ipV4(), fc.ipV6(), near), (text) => {
        const name = hostName(text);
        if (name === undefined || !isLoopbackName(name)) return;
        expect(text.toLowerCase()).toMatch(
          /^(localhost\.?|127[\d.]*\.?|0x7f.*|2130706\d+|017[\d.]*|\[[\d:a-f.]+\])(:\d*)?$/,
        );
      }),
      options,
    );
  });

  it("of a domain are never loopback, whatever its case", () => {
    fc.assert(
      fc.property(fc.domain(), fc.constantFrom("", ".", ":80"), (domain, end) => {
        const name = hostName(`${domain.toUpperCase()}${end}`);
        expect(name === undefined || !isLoopbackName(name) || domain === "localhost").toBe(true);
      }),
      options,
    );
  });

  it("of a peer are local for 127.0.0.0/8 and ::1 alone", () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(isLoopbackAddress(address)).toBe(address.startsWith("127."));
      }),
      options,
    );
  });
});

describe("keys", () => {
  it("are good for themselves alone", () => {
    const keys = new Keys({ full: KEY, readonly: undefined });
    fc.assert(
      fc.property(fc.string(), (key) => expect(keys.roleOf(key)).toBe(key === KEY ? "operator" : undefined)),
      options,
    );
  });
});

describe("what is shown", () => {
  it("is never markup", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const route = {
          method: "GET",
          path: `/x${text}`,
          role: "viewer",
          summary: text,
          handler: () => 0,
        } as const;
        const page = docsPage("", [route]);
        expect(page.match(/<[a-z!/]/g)).toEqual(
          docsPage("", [{ ...route, path: "/x", summary: "" }]).match(/<[a-z!/]/g),
        );
      }),
      options,
    );
  });

  it("is one message, whatever is told", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = frame("baldur", value, "1-1");
        expect(text.split("\n")).toHaveLength(5);
        expect(JSON.parse(text.split("\n")[2]?.slice("data: ".length) ?? "")).toEqual(
          JSON.parse(JSON.stringify(value)),
        );
      }),
      options,
    );
  });
});

describe("a request of any kind", () => {
  let runtime: TestRuntime;
  beforeAll(async () => {
    runtime = await TestRuntime.start({
      plugins: [
        routed({
          method: "POST",
          path: "/any/{id}",
          role: "operator",
          handler: ({ body, params }) => ({ body: body ?? null, params }),
        }),
      ],
    });
  });
  afterAll(() => runtime[Symbol.asyncDispose]());

  it("is answered, and with no 500", async () => {
    const handler = runtime.handler({ unlock: true });
    const path = fc.array(
      fc.constantFrom("control", "status", "dlq", "any", "..", "%2F", "%", "x", "", "system", "disable"),
      { maxLength: 4 },
    );
    const anything = fc.record({
      method: fc.constantFrom("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"),
      path: path.map((segments) => `/${segments.join("/")}`),
      query: fc.webQueryParameters(),
      body: fc.option(fc.oneof(fc.json(), fc.string({ minLength: 1 })), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(anything, async ({ method, path, query, body }) => {
        const hasBody = method !== "GET" && method !== "HEAD" && body !== undefined;
        const answer = await ask(
          handler,
          `${method} ${path.replaceAll(" ", "")}?${query}`,
          hasBody ? { body } : {},
        );
        expect(answer.status).not.toBe(500);
      }),
      requests,
    );
  });

  it("that is JSON arrives as it was sent", async () => {
    const handler = runtime.handler();
    await fc.assert(
      fc.asyncProperty(
        fc.jsonValue(),
        fc.webSegment().filter((segment) => /^[\w]+$/.test(segment)),
        async (body, id) => {
          const { json } = await ask(handler, `POST /any/${id}`, { body: JSON.stringify(body) });
          expect(json).toEqual({ body: JSON.parse(JSON.stringify(body)), params: { id } });
        },
      ),
      requests,
    );
  });
});
