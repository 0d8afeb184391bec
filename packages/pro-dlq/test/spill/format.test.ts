import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { encodeFrame, header, LONGEST_PAYLOAD } from "../../src/spill/frame.js";
import { DEAD_PID, drain, LEFT, NONCE, record, Spills, whole } from "./fixture.js";

let spills: Spills;
beforeEach(async () => {
  spills = await Spills.create();
});
afterEach(() => spills[Symbol.asyncDispose]());

const KEPT = `${LEFT}.corrupt`;

async function absorb(content: string | Buffer) {
  await spills.put(LEFT, content);
  return drain(spills.spill());
}

describe("the format", () => {
  it("is these bytes", () => {
    expect(whole('{"id":1}', '{"id":"é"}').toString("latin1")).toBe(
      'd9e0ee15 00000029 {"format":"baldur-dlq-spill","version":1}\n' +
        '85e40d48 00000008 {"id":1}\n' +
        '2596f521 0000000b {"id":"Ã©"}\n',
    );
  });

  it("has no record of several lines, and none that no reader would look for", () => {
    expect(() => encodeFrame('{"a":\n1}')).toThrow(TypeError);
    expect(() => encodeFrame("x".repeat(LONGEST_PAYLOAD + 1))).toThrow(TypeError);
    expect(encodeFrame("x".repeat(LONGEST_PAYLOAD)).length).toBe(LONGEST_PAYLOAD + 19);
  });
});

describe("damage", () => {
  const records = [record("first"), record("second"), record("third")];
  const file = whole(...records);
  /** Where each record's payload ends. */
  const ends = records.map((_, n) => whole(...records.slice(0, n + 1)).length - 1);

  it("a file torn at any byte gives every whole record and nothing else", async () => {
    for (let length = 0; length <= file.length; length++) {
      const { records: got, corrupt, files } = await absorb(file.subarray(0, length));
      const expected = records.filter((_, n) => length >= (ends[n] as number));
      const rest =
        length - (expected.length === 0 ? header().length : (ends[expected.length - 1] as number) + 1);
      expect([length, got, corrupt, files]).toEqual([length, expected, rest > 0 ? 1 : 0, 1]);
    }
  });

  it.each([0x01, 0x20, 0xff])(
    "bits %p flipped in any byte cost the record that they are in, and never make another",
    async (mask) => {
      for (let at = 0; at < file.length; at++) {
        const flipped = Buffer.from(file);
        flipped[at] = (flipped[at] as number) ^ mask;
        const { records: got, corrupt } = await absorb(flipped);
        const hit = at < header().length ? -1 : ends.findIndex((end) => at <= end);
        const inNewline = hit >= 0 && at === ends[hit];
        const expected = records.filter((_, n) => n !== hit || inNewline);
        // A newline that flips into a payload, or a byte into a newline, makes two damaged lines of one or one of two.
        expect([at, got, corrupt >= 1]).toEqual([at, expected, true]);
      }
    },
  );

  it("bytes that vanish or appear cost one record each", async () => {
    for (let at = header().length; at < file.length; at += 3) {
      const without = Buffer.concat([file.subarray(0, at), file.subarray(at + 1)]);
      const { records: got } = await absorb(without);
      expect(got.length).toBeGreaterThanOrEqual(2);
      expect(records).toEqual(expect.arrayContaining(got));
      const { records: more } = await absorb(
        Buffer.concat([file.subarray(0, at), Buffer.of(7), file.subarray(at)]),
      );
      expect(more.length).toBeGreaterThanOrEqual(2);
      expect(records).toEqual(expect.arrayContaining(more));
    }
  });

  it("garbage between records is kept beside the file, counted, and told once", async () => {
    const garbage = Buffer.from("\0\xff no frame\nnor this\n", "latin1");
    const content = Buffer.concat([whole(records[0] as string), garbage, encodeFrame(records[1] as string)]);
    await expect(absorb(content)).resolves.toMatchObject({
      records: records.slice(0, 2),
      taken: 2,
      corrupt: 2,
      files: 1,
    });
    expect(spills.list()).toEqual([KEPT]);
    expect(spills.content(KEPT)).toBe(garbage.toString("latin1"));
    const [file, keptAs] = [`${spills.folder}/${LEFT}`, `${spills.folder}/${KEPT}`];
    expect(spills.problems).toEqual([{ kind: "records_corrupt", file, keptAs, count: 2 }]);
  });

  it.each(["ffffffff", "-0000001", "00000000", "0000002b", "01000000", "00ffffff", "        "])(
    "a length of %p costs that record",
    async (length) => {
      const wrong = Buffer.concat([
        Buffer.from(`12345678 ${length} {}\n`),
        Buffer.from(
          encodeFrame(records[0] as string)
            .toString("latin1")
            .replace(/ [0-9a-f]{8} /, ` ${length} `),
          "latin1",
        ),
      ]);
      const content = Buffer.concat([header(), wrong, encodeFrame(records[1] as string)]);
      await expect(absorb(content)).resolves.toMatchObject({ records: [records[1]], corrupt: 2 });
    },
  );

  it("a line longer than any record is kept in pieces, and what follows is read", async () => {
    const huge = Buffer.alloc(LONGEST_PAYLOAD + 2 ** 20, "x");
    const content = Buffer.concat([
      whole(records[0] as string),
      huge,
      Buffer.from("\n"),
      encodeFrame(records[1] as string),
    ]);
    const { records: got, corrupt } = await absorb(content);
    expect(got).toEqual(records.slice(0, 2));
    expect(corrupt).toBeGreaterThanOrEqual(1);
    expect(spills.content(KEPT).replaceAll("\n", "")).toHaveLength(huge.length);
  });

  it("a file that is none of ours is kept whole", async () => {
    await expect(absorb("hello\nworld")).resolves.toMatchObject({ taken: 0, corrupt: 2, files: 1 });
    expect(spills.content(KEPT)).toBe("hello\nworld\n");
  });

  it("records of every size are read, across the pieces in which a file is read", async () => {
    const sizes = [0, 1, 65_500, 65_536, 200_000, 1_000_000];
    const texts = sizes.map((size) => JSON.stringify("é".repeat(size / 2)));
    const { records: got } = await absorb(whole(...texts, ...texts.reverse()));
    expect(got).toEqual([...texts.toReversed(), ...texts]);
  });
});

describe("a file of another version", () => {
  const content = Buffer.concat([
    encodeFrame('{"format":"baldur-dlq-spill","version":2}'),
    encodeFrame(record(1)),
  ]);

  it("is left alone and told once", async () => {
    const spill = spills.spill();
    await spills.put(LEFT, content);
    for (let n = 0; n < 2; n++) {
      await expect(drain(spill)).resolves.toMatchObject({ taken: 0, corrupt: 0, files: 0 });
    }
    expect(spills.list()).toEqual([LEFT]);
    expect(spills.content(LEFT)).toBe(content.toString("latin1"));
    const file = `${spills.folder}/${LEFT}`;
    expect(spills.problems).toEqual([{ kind: "unknown_version", file, version: 2 }]);
  });

  it("does not keep the others from being taken", async () => {
    await spills.put(LEFT, content);
    await spills.put(`${DEAD_PID}-${NONCE.replace("d", "e")}.spill`, whole(record(2)));
    await expect(drain(spills.spill())).resolves.toMatchObject({ records: [record(2)], files: 1 });
  });
});
