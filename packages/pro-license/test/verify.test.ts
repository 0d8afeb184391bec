import { describe, expect, it } from "@jest/globals";
import { verdictOn, verifyToken } from "../src/verify.js";
import { FOREIGN, FOREIGN_ORGANISATION, FOREIGN_WITH_MORE_CLAIMS } from "./golden.js";
import { base64, CLAIMS, envelope, type Members, NOON, on, testKey, token } from "./tokens.js";

const key = testKey("2026");
const verdict = (given: unknown, now: number | Date = NOON) => verdictOn(given, now, [key.pinned]);
const VALID = {
  status: "active",
  customer: CLAIMS.customer_id,
  organisation: "Bäckerei 開発",
  plan: "annual",
  expires: "2026-12-31",
};

describe("a licence from another implementation", () => {
  const json = Buffer.from(FOREIGN, "base64").toString("utf8");
  const holds = {
    status: "active",
    customer: "c-1",
    organisation: FOREIGN_ORGANISATION,
    plan: "monthly",
    expires: "2026-12-31",
  };

  it.each([
    ["in base64", FOREIGN],
    ["in base64 of many lines", FOREIGN.replace(/.{64}/g, "$&\n")],
    ["in base64 of many lines as another system writes them", FOREIGN.replace(/.{76}/g, "$&\r\n")],
    ["in base64 whose lines a shell made words", FOREIGN.replace(/.{64}/g, "$& ")],
    ["as raw JSON", json],
    ["as JSON that was formatted anew", JSON.stringify(JSON.parse(json), null, 4)],
    ["with blanks around it", `\n \t${FOREIGN}\r\n\n`],
    ["with a byte order mark", `\uFEFF${json}`],
  ])("is active %s", (_, given) => {
    expect(verifyToken(given, NOON)).toEqual(holds);
  });

  it("may hold claims of later versions, in any order", () => {
    expect(verifyToken(FOREIGN_WITH_MORE_CLAIMS, NOON)).toMatchObject({
      status: "active",
      organisation: "Extra",
    });
  });

  it("is unlike a licence whose order of keys was changed in what is signed only by name", () => {
    const { payload, ...rest } = JSON.parse(json);
    const reversed = Object.fromEntries(Object.entries(payload).reverse());
    expect(verifyToken(JSON.stringify({ payload: reversed, ...rest }), NOON)).toEqual(holds);
    expect(verifyToken(JSON.stringify({ payload: { ...payload, org: "Other" }, ...rest }), NOON).status).toBe(
      "invalid",
    );
  });
});

describe("the days of a licence", () => {
  const expired = { ...VALID, status: "expired", reason: "the licence expired on 2026-12-31" };

  it("end with the last millisecond of the last one, in UTC", () => {
    expect(verdict(token(key), on("2026-12-31", "23:59:59.999"))).toEqual(VALID);
    expect(verdict(token(key), on("2027-01-01", "00:00:00.000"))).toEqual(expired);
    expect(verdict(token(key), new Date("2030-05-05"))).toEqual(expired);
  });

  it("may begin tomorrow, since days differ around the world, but no later", () => {
    expect(verdict(token(key), on("2025-12-31", "00:00:00.000")).status).toBe("active");
    expect(verdict(token(key), on("2025-12-30", "23:59:59.999"))).toEqual({
      status: "invalid",
      reason: "the licence was issued in the future, or the clock is wrong",
    });
  });

  it("may be one", () => {
    const short = token(key, { issued_at: "2026-06-15", expires: "2026-06-15" });
    expect(verdict(short).status).toBe("active");
  });

  it("may have a leap day, in a leap year", () => {
    expect(verdict(token(key, { expires: "2028-02-29" })).status).toBe("active");
    expect(verdict(token(key, { expires: "2027-02-29" })).status).toBe("invalid");
  });

  it("are read against now unless told otherwise", () => {
    expect(verifyToken(FOREIGN).expires).toBe("2026-12-31");
  });
});

describe("a licence is invalid, and says why,", () => {
  const without = (claim: string): string => token(key, { [claim]: undefined });
  const changed = (rest: Members): string => JSON.stringify({ ...envelope(key), ...rest });

  it.each([
    ["when it is no text", 42, "the licence is not text"],
    ["when it is bytes", Buffer.from(token(key)), "the licence is not text"],
    ["when it is too long", `${token(key)}${" ".repeat(65_536)}`, "the licence is longer than 64 KiB"],
    ["when it is neither form", "not a licence!", "the licence is neither JSON nor standard base64"],
    [
      "in base64 for URLs",
      base64('{"a":"???>>>"}').replace("/", "_"),
      "the licence is neither JSON nor standard base64",
    ],
    ["when a bit follows its base64", "AB==", "the licence is neither JSON nor standard base64"],
    ["in base64 of bytes", "/////w==", "the licence is base64 of something that is not UTF-8"],
    [
      "when it is cut off",
      JSON.stringify(envelope(key)).slice(0, -2),
      "the licence is not JSON; part of it may be missing",
    ],
    ["when it is a list", base64("[]"), "the licence is not a JSON object"],
    ["when it is null", base64("null"), "the licence is not a JSON object"],
    [
      "with a further field",
      changed({ x: 1 }),
      "the licence has fields other than alg, payload, signature, kid",
    ],
    ["with a prototype", '{"__proto__":{"alg":"ed25519"}}', "the licence has a key that no licence has"],
    ["with another algorithm", changed({ alg: "none" }), "the licence is not signed with ed25519"],
    ["without an algorithm", changed({ alg: undefined }), "the licence is not signed with ed25519"],
    [
      "without a payload",
      changed({ payload: undefined }),
      "the licence has no payload, or one that is no object",
    ],
    [
      "with a list as payload",
      changed({ payload: [CLAIMS] }),
      "the licence has no payload, or one that is no object",
    ],
    [
      "with a key's name that is none",
      changed({ kid: 1 }),
      "the licence names its key by something that is no text",
    ],
    [
      "without a signature",
      changed({ signature: undefined }),
      "the licence has no signature of 64 bytes in base64",
    ],
    [
      "with a short signature",
      changed({ signature: base64("x") }),
      "the licence has no signature of 64 bytes in base64",
    ],
    ["with a claim absent", without("customer_id"), "the licence does not say customer_id"],
    ["with a claim of a wrong type", token(key, { org: 1 }), "org of the licence is not a text"],
    ["with an empty claim", token(key, { plan: "" }), "plan of the licence is not a text"],
    ["for another tier", token(key, { tier: "OSS" }), "the licence is for another tier than PRO"],
    [
      "with no such day",
      token(key, { expires: "2026-02-30" }),
      "expires of the licence is not a day, YYYY-MM-DD",
    ],
    [
      "with a time",
      token(key, { issued_at: "2026-01-01T00:00:00Z" }),
      "issued_at of the licence is not a day, YYYY-MM-DD",
    ],
    ["ending first", token(key, { expires: "2025-12-31" }), "the licence ends before it was issued"],
    [
      "of an unknown key",
      token(key, {}, { kid: "x" }),
      "the licence is signed with a key that this version does not know",
    ],
    [
      "of another key",
      token(testKey("other")),
      "the signature of the licence is wrong: it was altered, or is signed with another key",
    ],
    [
      "when it was altered",
      changed({ payload: { ...CLAIMS, expires: "2099-12-31" } }),
      "the signature of the licence is wrong: it was altered, or is signed with another key",
    ],
    ["nested too deep", `{"a":${"[".repeat(30_000)}${"]".repeat(30_000)}}`, "the licence is nested too deep"],
  ])("%s", (_, given, reason) => {
    expect(verdict(given)).toEqual({ status: "invalid", reason });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, new Date("never"), "soon", {}, Symbol("now")])(
    "at a time that is none: %p",
    (now) => {
      expect(verdict(token(key), now as number)).toEqual({ status: "invalid", reason: expect.any(String) });
    },
  );

  it("but merely missing when there is none", () => {
    for (const nothing of [undefined, null, ""]) {
      expect(verdict(nothing)).toEqual({ status: "missing", reason: "no licence is given" });
    }
  });
});

describe("the keys of two releases", () => {
  const old = testKey("old", "2026-03-31");
  const both = [old.pinned, key.pinned];
  const before = { issued_at: "2026-03-31" };
  const after = { issued_at: "2026-04-01" };

  it.each([
    ["the new one", token(key, after)],
    ["the new one, by name", token(key, after, { kid: "2026" })],
    ["the old one, issued before it was retired", token(old, before)],
    ["the old one, by name", token(old, before, { kid: "old" })],
  ])("accept %s", (_, given) => {
    expect(verdictOn(given, NOON, both).status).toBe("active");
  });

  it("refuse the old one for what was issued later", () => {
    const reason = "the licence was issued after its key was retired; ask for a new one";
    expect(verdictOn(token(old, after), NOON, both)).toEqual({ status: "invalid", reason });
    expect(verdictOn(token(old, after, { kid: "old" }), NOON, both)).toEqual({ status: "invalid", reason });
  });

  it("try no other key than the one that is named", () => {
    expect(verdictOn(token(key, after, { kid: "old" }), NOON, both).status).toBe("invalid");
    expect(verdictOn(token(old, before), NOON, [key.pinned]).status).toBe("invalid");
    expect(verdictOn(token(key), NOON, []).status).toBe("invalid");
  });
});
