import { describe, expect, it } from "@jest/globals";
import { EntryIds, idFloor, isEntryId } from "../../src/entry/id.js";

const NOW = Date.UTC(2026, 0, 1);

describe("ids of entries", () => {
  it("are unique and in order, within a millisecond too, however many are made", () => {
    const ids = new EntryIds();
    const count = 36 ** 4 + 10; // more than one millisecond can number
    let last = "";
    for (let n = 0; n < count; n++) {
      const id = ids.next(NOW);
      if (id <= last) throw new Error(`${id} after ${last}`);
      last = id;
    }
    expect(ids.next(NOW + 1) > last).toBe(true);
  });

  it("go on in order when the clock steps back", () => {
    const ids = new EntryIds();
    const made = [NOW, NOW - 3_600_000, NOW - 3_600_000, NOW + 1].map((now) => ids.next(now));
    expect(made).toEqual([...made].sort());
    expect(new Set(made).size).toBe(4);
  });

  it("differ between starts at the same time", () => {
    expect(new EntryIds().next(NOW)).not.toBe(new EntryIds().next(NOW));
  });

  it("are told from everything else, and are never numbers", () => {
    const id = new EntryIds().next(NOW);
    expect(isEntryId(id)).toBe(true);
    expect(Number.isNaN(Number(id))).toBe(true);
    for (const other of ["", "totals", "../x", "1", 1, null, undefined, {}, `${id} `, `${id}\n`, id.slice(1)])
      expect(isEntryId(other)).toBe(false);
    expect(idFloor(NOW) <= id && id < idFloor(NOW + 1)).toBe(true);
  });
});
