import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { presentable, revive } from "../../src/snapshot/revive.js";
import { createSeal } from "../../src/snapshot/seal.js";
import { faithful, mirror, stored, take } from "./fixture.js";

const SECRET = "hunter2-hunter2";

describe("a secret without a key to encrypt it", () => {
  it("is masked wherever it lies, and its place is listed", () => {
    const value = [
      { user: "u", password: SECRET, list: [{ apiKey: { inner: SECRET } }] },
      new Map([["token", SECRET]]),
    ];
    const { json, masked, altered } = take(value);
    expect(json).not.toContain(SECRET);
    expect(masked).toEqual(["$[0].password", "$[0].list[0].apiKey", "$[1].token"]);
    expect(altered).toEqual([]);
    expect(JSON.parse(json)[0]).toMatchObject({ user: "u", password: "***REDACTED***" });
  });

  it("is masked in instances, and in what their toJSON answers", () => {
    class Login {
      password = SECRET;
    }
    class Session {
      toJSON() {
        return { token: SECRET, id: 1 };
      }
    }
    expect(stored([new Login(), new Session()])).toEqual([
      { password: "***REDACTED***" },
      { token: "***REDACTED***", id: 1 },
    ]);
  });

  it.each([
    ["a password", "https://u:p@a.example/"],
    ["a user alone, which may be a token", "https://u@a.example/"],
    ["a parameter", "https://a.example/?access_token=x"],
  ])("masks a URL with %s", (_, url) => {
    const { json, masked } = take({ url: new URL(url) });
    expect(json).toBe('{"url":"***REDACTED***"}');
    expect(masked).toEqual(["$.url"]);
  });

  it.each([[null], [undefined], [true], [false]])("lets %s through: it is no secret", (value) => {
    expect(take({ password: value }).masked).toEqual([]);
    expect(revive(stored({ password: value }))).toEqual({ password: value });
  });

  it("masks what a getter with a telling name throws at", () => {
    const value = {
      get password(): string {
        throw new Error(SECRET);
      },
    };
    expect(stored(value)).toEqual({ password: "***REDACTED***" });
  });

  it("is masked in the message of an error among the arguments", () => {
    const error = new Error(`login failed: password=${SECRET}`, { cause: new Error(`Bearer ${SECRET}`) });
    expect(take([error]).json).not.toContain(SECRET);
  });
});

describe("regression: a failing masker passed the secret through", () => {
  const broken = () => {
    throw new Error("no");
  };

  it("drops the field when it cannot be told whether it is a secret", () => {
    const isSensitive = (key: string) => key === "odd" && broken();
    const { json, masked } = take(
      { a: 1, odd: SECRET, b: 2, m: new Map([["odd", SECRET]]) },
      { isSensitive },
    );
    expect(JSON.parse(json)).toEqual({ a: 1, b: 2, m: { $baldur: "map", v: [] } });
    expect(masked).toEqual(["$.odd", "$.m.odd"]);
  });

  it.each<[string, () => string]>([
    ["throws", broken],
    ["answers nothing", () => undefined as unknown as string],
  ])("drops the field when the seal %s", (_, seal) => {
    const map = new Map([
      ["a", "1"],
      ["token", SECRET],
      ["b", "2"],
    ]);
    const { json, masked } = take(
      { password: SECRET, a: 1, map, url: new URL("https://u:p@a.example") },
      { seal },
    );
    expect(json).not.toContain(SECRET);
    expect(revive(JSON.parse(json))).toEqual({
      a: 1,
      map: new Map([
        ["a", "1"],
        ["b", "2"],
      ]),
      url: "***REDACTED***",
    });
    expect(masked).toEqual(["$.password", "$.map.token", "$.url"]);
  });
});

describe("a secret with a key to encrypt it", () => {
  const { seal, unseal } = createSeal("correct horse battery staple");

  it("is restored, whatever it is", () => {
    const value = {
      password: SECRET,
      token: { a: 1n, nested: { secret: new Map([["x", new Date(0)]]) } },
      map: new Map([["apiKey", SECRET]]),
      url: new URL("https://u:p@a.example/"),
    };
    const { json, masked, altered } = take(value, { seal });
    expect({ masked, altered }).toEqual({ masked: [], altered: [] });
    expect(json).not.toContain(SECRET);
    const revived = revive(JSON.parse(json), unseal) as typeof value;
    expect(revived).toEqual(value);
    expect(revived.url.href).toBe("https://u:p@a.example/");
  });

  it("lists what does not come back within it", () => {
    expect(take({ token: { f: () => 1 } }, { seal }).altered).toEqual(["$.token.f"]);
  });

  it.each<[string, Parameters<typeof revive>[1], RegExp]>([
    ["without the key", undefined, /no key to decrypt/],
    ["with another key", createSeal("another").unseal, /cannot be decrypted/],
  ])("is refused %s", (_, other, message) => {
    expect(() => revive(stored({ password: SECRET }, { seal }), other)).toThrow(message);
  });

  it("is shown to operators as encrypted, and the rest as it is stored", () => {
    const json = stored({ a: [1n], password: SECRET, m: new Map([["token", SECRET]]) }, { seal });
    expect(presentable(json)).toEqual({
      a: [{ $baldur: "bigint", v: "1" }],
      password: "***ENCRYPTED***",
      m: { $baldur: "map", v: [["token", "***ENCRYPTED***"]] },
    });
  });

  it("does not take for sealed what the caller wrote", () => {
    const value = { $baldur: "sealed", v: "forged", inner: { $baldur: "sealed", v: "forged" } };
    const json = stored(value, { seal });
    expect(revive(json, unseal)).toEqual(value);
    expect(JSON.stringify(presentable(json))).not.toContain("ENCRYPTED");
  });

  it("is restored for any value, with secrets anywhere", () => {
    fc.assert(
      fc.property(faithful, (value) => {
        const holder = { password: value, list: [{ token: value }] };
        const { json, altered, masked } = take(holder, { seal: mirror.seal });
        expect({ altered, masked }).toEqual({ altered: [], masked: [] });
        return isDeepStrictEqual(revive(JSON.parse(json), mirror.unseal), holder);
      }),
    );
  });
});

describe("a planted secret", () => {
  const { seal } = createSeal("k");
  const names = ["password", "API_KEY", "x-api-key", "cardNumber", "Authorization", "refreshToken"];

  it.each([
    ["masked", {}],
    ["sealed", { seal }],
  ])("is never in the text, truncated or not: %s", (_, options) => {
    const plant = fc.constantFrom<(name: string) => unknown>(
      (name) => ({ [name]: SECRET }),
      (name) => ({ [name]: [{ deep: SECRET }] }),
      (name) => new Map([[name, SECRET]]),
      (name) => ({ a: [Object.assign(Object.create(null), { [name]: Buffer.from(SECRET) })] }),
      (name) => ({ [name]: SECRET.repeat(500) }),
    );
    fc.assert(
      fc.property(faithful, plant, fc.constantFrom(...names), fc.nat(600), (value, make, name, maxBytes) => {
        for (const holder of [[make(name), value], { value, more: make(name) }]) {
          const { json } = take(holder, { ...options, maxBytes });
          expect(json).not.toContain("hunter2");
          expect(json).not.toContain(Buffer.from(SECRET).toString("base64"));
        }
      }),
    );
  });
});

it.each([
  ["masked", {}],
  ["sealed", mirror],
])("regression: masks before it truncates, so no preview shows a secret: %s", (_, options) => {
  const value = { password: SECRET, filler: "x".repeat(5000) };
  const { json, truncated } = take(value, { ...options, maxBytes: 4096 });
  expect(truncated).toBe(true);
  expect(json).not.toContain(SECRET);
  expect(JSON.parse(json).preview).toMatch(/^\{"password":/);
});

it("shows no part of a secret that is too long to be sealed", () => {
  const { json } = take(
    { a: 1, password: { deep: `${SECRET}${"x".repeat(5000)}` } },
    { ...mirror, maxBytes: 4096 },
  );
  expect(JSON.parse(json).preview).toBe('{"a":1,"password":"***REDACTED***"}');
});
