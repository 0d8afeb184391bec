import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import { Decoder, type Reading, readRecords, UnknownVersion } from "../../src/wal/reader.js";
import { HEADER_BYTES, header, PREFIX_BYTES, RECORD_CAP, type WalRecord } from "../../src/wal/record.js";
import { runs } from "../runtime.js";
import { bytesOf, record, whole } from "./fixture.js";

/** Written once by hand, byte by byte as README.md has it; never to be written again. */
const GOLDEN = readFileSync(new URL("./golden.wal", import.meta.url));

/** A file that gives at most `piece` bytes at a time, and notes how many were asked for. */
function fileOf(bytes: Buffer, piece = Number.POSITIVE_INFINITY) {
  let most = 0;
  const read = async (into: Buffer, offset: number, length: number, position: number) => {
    most = Math.max(most, into.length);
    const bytesRead = bytes.copy(
      into,
      offset,
      position,
      Math.min(bytes.length, position + Math.min(length, piece)),
    );
    return { buffer: into, bytesRead };
  };
  return { file: { read } as never, most: () => most };
}

async function readAll(bytes: Buffer, reading: Reading = "best-effort", piece?: number) {
  const decoder = new Decoder(reading);
  const { file, most } = fileOf(bytes, piece);
  const records: WalRecord[] = [];
  for await (const some of readRecords(file, decoder)) records.push(...some);
  return { records, seqs: records.map(({ seq }) => seq), damage: decoder.damage, most: most() };
}

const THREE = [record(1), record(2), record(3)];
const NONE = { places: 0, bytes: 0 };
const flipped = (bytes: Buffer, at: number, bit = 0): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ (1 << bit);
  return copy;
};

describe("the format", () => {
  it("is what the golden file holds", async () => {
    const records = [
      { seq: 1, ts: 1_767_225_600_000, data: { op: "x" } },
      { seq: 2, ts: 1_767_225_600_001, data: { op: "set", key: "ключ", value: 'ü\n"' } },
      { seq: 9, ts: 1_767_225_600_002, data: { op: "incr", key: "k", by: -7 } },
    ];
    expect(whole(...records)).toEqual(GOLDEN);
    expect(await readAll(GOLDEN)).toMatchObject({ records, damage: NONE });
  });

  it("counts the bytes of the JSON, big-endian, in front of eight digits of its checksum", () => {
    const bytes = bytesOf({ seq: 1, ts: 0, data: { ü: "😀" } });
    const json = '{"seq":1,"ts":0,"data":{"ü":"😀"}}';
    expect(bytes.readUInt32BE(0)).toBe(Buffer.byteLength(json));
    expect(bytes.toString("latin1", 4, 12)).toMatch(/^[0-9a-f]{8}$/);
    expect(bytes.toString("utf8", 12)).toBe(json);
  });

  it("takes no record above the cap, and none that is no JSON", () => {
    expect(() => bytesOf(record(1, { text: "x".repeat(RECORD_CAP) }))).toThrow(/longer than the log takes/);
    const loop: Record<string, unknown> = {};
    loop["self"] = loop;
    expect(() => bytesOf(record(1, loop))).toThrow(/circular/);
  });
});

describe.each<Reading>(["strict", "best-effort"])("a %s reader", (reading) => {
  it("reads a file in pieces of any size", async () => {
    for (const piece of [1, 7, 100]) {
      expect((await readAll(whole(...THREE), reading, piece)).records).toEqual(THREE);
    }
  });

  it("leaves out a torn tail, which is no damage", async () => {
    const bytes = whole(...THREE);
    const end = bytes.length - bytesOf(THREE[2] as WalRecord).length;
    for (let cut = end; cut < bytes.length; cut++) {
      const { seqs, damage } = await readAll(bytes.subarray(0, cut), reading);
      expect({ cut, seqs, damage }).toEqual({ cut, seqs: [1, 2], damage: NONE });
    }
  });

  it("takes the beginning of a header for a file that held nothing", async () => {
    for (let cut = 0; cut < HEADER_BYTES; cut++) {
      expect(await readAll(header().subarray(0, cut), reading)).toMatchObject({ seqs: [], damage: NONE });
    }
  });

  it("counts and skips a record whose bytes were changed", async () => {
    const first = HEADER_BYTES + PREFIX_BYTES;
    for (const at of [first, first + 20, HEADER_BYTES + 5]) {
      const { seqs, damage } = await readAll(flipped(whole(...THREE), at), reading);
      expect({ at, seqs, places: damage.places }).toEqual({ at, seqs: [2, 3], places: 1 });
    }
  });

  it("reads nothing of another version", async () => {
    const bytes = whole(...THREE);
    bytes.writeUInt16BE(2, 4);
    await expect(readAll(bytes, reading)).rejects.toThrow(UnknownVersion);
  });
});

describe("a length above the cap", () => {
  const bytes = whole(...THREE);
  const second = HEADER_BYTES + bytesOf(THREE[0] as WalRecord).length;
  bytes.writeUInt32BE(0xffff_fff0, second);

  it("stops a strict reader", async () => {
    const { seqs, damage, most } = await readAll(bytes, "strict");
    expect({ seqs, places: damage.places }).toEqual({ seqs: [1], places: 1 });
    expect(most).toBeLessThan(2 ** 20);
  });

  it("lets a best-effort reader go on at the next plausible record", async () => {
    const { seqs, damage, most } = await readAll(bytes);
    expect({ seqs, places: damage.places }).toEqual({ seqs: [1, 3], places: 1 });
    expect(most).toBeLessThan(2 ** 20);
  });
});

describe("damage", () => {
  it("to a length that stays within the cap hides no record from a best-effort reader", async () => {
    const bytes = whole(...THREE);
    for (let bit = 0; bit < 24; bit++) {
      const damaged = flipped(bytes, HEADER_BYTES + 3 - Math.floor(bit / 8), bit % 8);
      const { seqs } = await readAll(damaged);
      expect({ bit, seqs }).toEqual({ bit, seqs: [2, 3] });
    }
  });

  it("to the header stops a strict reader, and a best-effort one reads the records", async () => {
    const bytes = flipped(whole(...THREE), 0);
    expect(await readAll(bytes, "strict")).toMatchObject({ seqs: [], damage: { places: 1 } });
    expect(await readAll(bytes)).toMatchObject({ seqs: [1, 2, 3], damage: { places: 1, bytes: 8 } });
  });

  it("is not met in what looks like a record and is text of one", async () => {
    const looks = record(2, {
      text: bytesOf(record(7)).toString("latin1"),
      seq: { seq: 3, ts: 1, data: {} },
    });
    const bytes = whole(record(1), looks, record(4));
    expect((await readAll(bytes)).records).toEqual([record(1), looks, record(4)]);
    const damaged = flipped(bytes, HEADER_BYTES + bytesOf(record(1)).length + PREFIX_BYTES + 3);
    expect((await readAll(damaged)).seqs).toEqual([1, 4]);
  });
});

const anyRecords = fc
  .array(fc.record({ data: fc.dictionary(fc.string(), fc.jsonValue()), ts: fc.nat() }), { maxLength: 12 })
  .map((list) => list.map(({ data, ts }, at): WalRecord => ({ seq: at + 1, ts, data })));

describe("for any records", () => {
  it("what is written is read", async () => {
    const property = fc.asyncProperty(
      anyRecords,
      fc.integer({ min: 1, max: 400 }),
      async (records, piece) => {
        const { records: found, damage } = await readAll(whole(...records), "best-effort", piece);
        expect(damage).toEqual(NONE);
        expect(found).toEqual(JSON.parse(JSON.stringify(records)));
      },
    );
    await fc.assert(property, { numRuns: runs(200) });
  });

  it("and any damage, every record before it is read, and nothing is read that was not written", async () => {
    const damages = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 5 });
    const property = fc.asyncProperty(
      anyRecords.filter((records) => records.length > 0),
      damages,
      fc.option(fc.nat()),
      fc.constantFrom<Reading>("strict", "best-effort"),
      async (records, changes, cut, reading) => {
        const intact = whole(...records);
        const bytes = Buffer.from(intact).subarray(
          0,
          cut === null ? intact.length : cut % (intact.length + 1),
        );
        for (const [at, value] of changes)
          if (bytes.length > HEADER_BYTES) bytes[HEADER_BYTES + (at % (bytes.length - HEADER_BYTES))] = value;
        const damaged = firstDifference(bytes, intact);
        const { records: found } = await readAll(bytes, reading);
        const texts = records.map((one) => JSON.stringify(one));
        expect(found.filter((one) => !texts.includes(JSON.stringify(one)))).toEqual([]);
        const before = records.filter((_, at) => whole(...records.slice(0, at + 1)).length <= damaged);
        expect(found.slice(0, before.length).map(({ seq }) => seq)).toEqual(before.map(({ seq }) => seq));
      },
    );
    await fc.assert(property, { numRuns: runs(300) });
  });
});

function firstDifference(bytes: Buffer, intact: Buffer): number {
  let at = 0;
  while (at < bytes.length && bytes[at] === intact[at]) at++;
  return at;
}

/** Bytes that look like parts of a file. */
const pieces = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom(header(), bytesOf(record(1)), bytesOf(record(2)).subarray(0, 30), Buffer.from('{"seq":')),
  fc.tuple(fc.nat({ max: 2 ** 25 }), fc.stringMatching(/^[0-9a-f]{8}$/)).map(([length, digits]) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(length);
    return Buffer.concat([bytes, Buffer.from(`${digits}{"seq":`)]);
  }),
);

describe("for any bytes", () => {
  it("a reader never throws but for the version, and what it asks for and holds stays within the cap", async () => {
    const property = fc.asyncProperty(
      fc.array(pieces, { maxLength: 20 }).map((list) => Buffer.concat(list)),
      fc.boolean(),
      fc.constantFrom<Reading>("strict", "best-effort"),
      fc.integer({ min: 1, max: 64 }),
      async (bytes, hasHeader, reading, piece) => {
        const content = hasHeader ? Buffer.concat([header(), bytes]) : bytes;
        const found = await readAll(content, reading, piece).catch((error: unknown) => error);
        if (found instanceof Error) return expect(found).toBeInstanceOf(UnknownVersion);
        expect((found as { most: number }).most).toBeLessThanOrEqual(2 ** 20);
        return undefined;
      },
    );
    await fc.assert(property, { numRuns: runs(500) });
  });

  it("memory is bounded by the longest record, whatever lengths a large file declares", () => {
    const decoder = new Decoder("best-effort");
    const chunk = Buffer.alloc(2 ** 20, "x");
    const bait = Buffer.concat([Buffer.alloc(4), Buffer.from('00000000{"seq":')]);
    bait.writeUInt32BE(RECORD_CAP);
    bait.copy(chunk);
    let most = 0;
    for (let megabytes = 0; megabytes < 64; megabytes++) {
      decoder.decode(chunk, false);
      most = Math.max(most, decoder.waiting);
    }
    expect(most).toBeLessThanOrEqual(RECORD_CAP + PREFIX_BYTES);
  });
});
