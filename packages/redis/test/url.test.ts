import { ConfigurationError } from "@baldur/core";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { addressOf, parseUrl, redactUrl } from "../src/url.js";

const parse = (url: string) => parseUrl("BALDUR_REDIS_URL", url);

function mistakeIn(url: string): string {
  try {
    parse(url);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error(`no mistake in ${url}`);
}

describe("a URL", () => {
  it.each([
    [
      "redis://127.0.0.1:6380/2",
      { kind: "single", endpoint: { host: "127.0.0.1", port: 6380 }, tls: false, db: 2 },
    ],
    ["redis://localhost", { kind: "single", endpoint: { host: "localhost", port: 6379 }, tls: false, db: 0 }],
    ["REDISS://[::1]:7000/", { kind: "single", endpoint: { host: "::1", port: 7000 }, tls: true, db: 0 }],
    [
      "redis://a%40b@host:1",
      { kind: "single", endpoint: { host: "host", port: 1 }, tls: false, db: 0, username: "a@b" },
    ],
    [
      "redis+sentinel://orders@a:1,b/3",
      {
        kind: "sentinel",
        sentinels: [
          { host: "a", port: 1 },
          { host: "b", port: 26_379 },
        ],
        master: "orders",
        db: 3,
      },
    ],
    [
      "redis+cluster://a:1,b:2",
      {
        kind: "cluster",
        nodes: [
          { host: "a", port: 1 },
          { host: "b", port: 2 },
        ],
        tls: false,
      },
    ],
    ["rediss+cluster://a", { kind: "cluster", nodes: [{ host: "a", port: 6379 }], tls: true }],
  ])("is read: %s", (url, place) => {
    expect(parse(url)).toEqual(place);
  });

  it.each([
    ["http://host", /^BALDUR_REDIS_URL must begin with redis:\/\/, .*; received http:\/\/host$/],
    ["host:6379", /must begin with .*; received \*\*\*$/],
    ["rediss+sentinel://m@host", /must begin with/],
    ["redis://:secret@host", /no password.*; received redis:\/\/\*\*\*@host$/],
    ["redis://user:@host", /no password/],
    ["redis://host/0?password=secret", /no parameters.*; received redis:\/\/host\/0\?\*\*\*$/],
    ["redis://a,b", /one host/],
    ["redis://", /name a host/],
    ["redis://@host", /name before the @/],
    ["redis://%zz@host", /decoded/],
    ["redis://host:0", /ports from 1 to 65535/],
    ["redis://host:65536", /ports from 1 to 65535/],
    ["redis://ho st", /name a host/],
    ["redis://host/one", /number of a database/],
    ["redis://host/1/2", /number of a database/],
    ["redis+sentinel://a,b", /name the master before the @/],
    ["redis+cluster://a/1", /no database/],
    ["redis+cluster://a,,b", /name a host/],
  ])("with a mistake is refused: %s", (url, message) => {
    expect(() => parse(url)).toThrow(ConfigurationError);
    expect(() => parse(url)).toThrow(message);
  });

  it("shows no password, wherever it is and whatever it is made of", () => {
    const character = fc.constantFrom(..."ab1:/?#@%,[] ");
    const secrets = fc.string({ unit: character, minLength: 3 }).map((text) => `X${text}Y`);
    const scheme = fc.constantFrom("redis", "rediss", "redis+sentinel", "nonsense");
    fc.assert(
      fc.property(scheme, secrets, fc.boolean(), (name, secret, isParameter) => {
        const url = isParameter ? `${name}://host/0?password=${secret}` : `${name}://user:${secret}@host/0`;
        expect(redactUrl(url)).not.toMatch(/[XY]/);
        expect(mistakeIn(url)).not.toMatch(/[XY]/);
      }),
    );
  });

  it("is the address that it was read from", () => {
    for (const url of [
      "redis://[::1]:7/1",
      "rediss://h:1/0",
      "redis+sentinel://m@a:1,b:2/0",
      "redis+cluster://a:1,b:2",
    ])
      expect(addressOf(parse(url))).toBe(url);
    expect(addressOf(parse("redis://somebody@h"))).toBe("redis://h:6379/0");
  });
});
