import { describe, expect, it } from "@jest/globals";
import { revive } from "../../src/snapshot/revive.js";
import { take } from "./fixture.js";

/** A value whose text has exactly so many bytes. */
function ofBytes(count: number, character: string): string[] {
  const each = Buffer.byteLength(character);
  const room = count - '[""]'.length;
  return [`${"a".repeat(room % each)}${character.repeat(Math.floor(room / each))}`];
}

describe("the limit", () => {
  it.each([["a"], ["é"], ["€"], ["😀"]])("allows 4096 bytes of %s and not 4097", (character) => {
    const fits = take(ofBytes(4096, character), { maxBytes: 4096 });
    expect(Buffer.byteLength(fits.json)).toBe(4096);
    expect(fits.truncated).toBe(false);
    expect(revive(JSON.parse(fits.json))).toEqual(ofBytes(4096, character));
    const over = take(ofBytes(4097, character), { maxBytes: 4096 });
    expect(over.truncated).toBe(true);
    expect(JSON.parse(over.json)).toEqual({
      _truncated: true,
      original_size: 4097,
      preview: expect.any(String),
    });
  });

  it("counts half a surrogate pair as the escape that it is written as", () => {
    expect(take(["\ud800"], { maxBytes: 10 }).truncated).toBe(false);
    expect(take(["\ud800"], { maxBytes: 9 }).truncated).toBe(true);
  });

  it("counts the text of what is masked, not the secret", () => {
    expect(take({ password: "x".repeat(5000) }, { maxBytes: 4096 }).truncated).toBe(false);
  });
});

describe("the preview", () => {
  it("is the first 200 characters of the text", () => {
    const value = { order: { id: 1, lines: Array.from({ length: 5000 }, (_, n) => n) } };
    const { json } = take(value, { maxBytes: 4096 });
    expect(JSON.parse(json).preview).toBe(JSON.stringify(value).slice(0, 200));
  });

  it("is the same when one string alone is too long", () => {
    const value = { a: 1, text: '"'.repeat(5000) };
    expect(JSON.parse(take(value, { maxBytes: 4096 }).json).preview).toBe(
      JSON.stringify(value).slice(0, 200),
    );
  });

  it("does not cut a pair in half", () => {
    for (const filler of ["", "a"]) {
      const { json } = take([`${filler}${"😀".repeat(3000)}`], { maxBytes: 4096 });
      const { preview } = JSON.parse(json);
      expect(encodeURIComponent(preview)).toContain("%F0%9F%98%80"); // throws on half a pair
      expect(preview.length).toBeGreaterThanOrEqual(199);
    }
  });

  it("tells the least size when not all was read", () => {
    const { json } = take(["x".repeat(1_000_000)], { maxBytes: 4096 });
    expect(JSON.parse(json).original_size).toBeGreaterThanOrEqual(1_000_000);
    expect(JSON.parse(take(Buffer.alloc(9999), { maxBytes: 4096 }).json).preview).toBe('"[Buffer]"');
  });
});
