import { randomBytes } from "node:crypto";
import { ConfigurationError } from "@baldur/core";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { createSeal } from "../../src/snapshot/seal.js";

const bytes = randomBytes(32);
const keys: [string, string][] = [
  ["32 bytes in base64", bytes.toString("base64")],
  ["32 bytes in base64url", bytes.toString("base64url")],
  ["32 bytes in hex", bytes.toString("hex")],
  ["any text", "correct horse battery staple"],
];

describe("a seal", () => {
  it.each(keys)("opens what it sealed, with %s", (_, key) => {
    const { seal, unseal } = createSeal(key);
    fc.assert(fc.property(fc.string({ unit: "grapheme" }), (plain) => unseal(seal(plain)) === plain));
    expect(createSeal(` ${key}\n`).unseal(seal("plain"))).toBe("plain");
  });

  it("takes 32 bytes as they are, however they are written", () => {
    const sealed = createSeal(bytes.toString("hex")).seal("plain");
    expect(createSeal(bytes.toString("base64")).unseal(sealed)).toBe("plain");
    expect(createSeal(bytes.toString("base64url")).unseal(sealed)).toBe("plain");
    expect(createSeal(bytes.toString("hex").toUpperCase()).unseal(sealed)).toBe("plain");
  });

  it("shows nothing of the text, nor that two are the same", () => {
    const { seal } = createSeal("key");
    expect(seal("hunter2")).not.toBe(seal("hunter2"));
    expect(Buffer.from(seal("hunter2"), "base64url").toString("latin1")).not.toContain("hunter2");
  });

  it("opens nothing that another key sealed", () => {
    expect(() => createSeal("another").unseal(createSeal("key").seal("plain"))).toThrow();
  });

  it("opens nothing that was changed, at whatever place", () => {
    const { seal, unseal } = createSeal("key");
    const sealed = Buffer.from(seal("plain"), "base64url");
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => unseal(changed.toString("base64url"))).toThrow();
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(() => unseal(sealed.subarray(0, length).toString("base64url"))).toThrow();
    }
  });

  it.each([[""], [" \n"]])("refuses the key %j", (key) => {
    expect(() => createSeal(key)).toThrow(ConfigurationError);
  });
});
