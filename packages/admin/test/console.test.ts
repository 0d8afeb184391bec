import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { ask, REMOTE, TestRuntime } from "./fixture.js";

let runtime: TestRuntime;
beforeEach(async () => {
  runtime = await TestRuntime.start();
});
afterEach(() => runtime[Symbol.asyncDispose]());

describe("the console", () => {
  it("is one page for everyone, with a nonce of its own at every load", async () => {
    const handler = runtime.handler();
    const pages = [await ask(handler, "GET /", REMOTE), await ask(handler, "GET /", REMOTE)];
    const nonces = pages.map(({ headers, text, status }) => {
      expect([status, headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
      const policy = headers.get("content-security-policy") ?? "";
      const [, nonce = ""] = /script-src 'nonce-([^']+)'/.exec(policy) ?? [];
      expect(nonce).toMatch(/^[A-Za-z0-9+/]{24}$/);
      expect(policy).toBe(
        `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      );
      expect(text).toContain(`nonce="${nonce}"`);
      expect(text).not.toContain("__BALDUR_NONCE__");
      return nonce;
    });
    expect(new Set(nonces).size).toBe(2);
  });

  it("is not there when it is turned off", async () => {
    const own = await TestRuntime.start({ settings: { admin: { consoleEnabled: false } } });
    const answer = await ask(own.handler(), "GET /", REMOTE);
    expect([answer.status, answer.json]).toMatchObject([404, { code: "CONSOLE_DISABLED" }]);
    await own[Symbol.asyncDispose]();
  });

  it("is found under a prefix, with the slash that its addresses need", async () => {
    const handler = runtime.handler({ prefix: "/api/baldur" });
    const answer = await ask(handler, "GET /api/baldur");
    expect([answer.status, answer.headers.get("location")]).toEqual([308, "baldur/"]);
    expect((await ask(handler, "GET /api/baldur/")).status).toBe(200);
  });
});
