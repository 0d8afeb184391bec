import * as fs from "node:fs";
import { beforeEach, describe, expect, it, jest } from "@jest/globals";

const SECOND = 1_000_000_000n;
const FILE = "/state/state.lmdb";

/** What a path leads to, by the account of a file system. */
interface Entry {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly ctimeNs: bigint;
}

const entries = new Map<string, Entry | Error>();
const looks: string[] = [];
function statSync(path: string): Entry {
  looks.push(path);
  const found = entries.get(path) ?? failure("ENOENT");
  if (found instanceof Error) throw found;
  return found;
}
jest.unstable_mockModule("node:fs", () => ({ ...fs, statSync }));
const { Place } = await import("../src/place.js");

const failure = (code: string): Error => Object.assign(new Error(code), { code });
const entry = (ino: bigint, changed: bigint, dev = 1n): Entry => ({ dev, ino, ctimeNs: changed });

let place: InstanceType<typeof Place>;
const told: string[] = [];
beforeEach(() => {
  entries.clear();
  entries.set("/state", entry(10n, 100n * SECOND));
  entries.set(FILE, entry(11n, 103n * SECOND));
  place = new Place(FILE, { device: 1n, inode: 11n });
  place.onLoss((found) => void told.push(found));
  told.length = 0;
  place.check();
  looks.length = 0;
});

describe("the place of a file", () => {
  it("is known by its folder as long as nothing in there gets another name", () => {
    for (let n = 0; n < 3; n++) place.check();
    expect(looks).toEqual(["/state", "/state", "/state"]);
  });

  it.each([
    ["changed", entry(10n, 101n * SECOND)],
    ["is another one", entry(20n, 100n * SECOND)],
    ["is on another disk", entry(10n, 100n * SECOND, 2n)],
    ["is gone", undefined],
  ])("is looked at when the folder %s", (_, folder) => {
    entries.delete("/state");
    if (folder !== undefined) entries.set("/state", folder);
    place.check();
    expect(looks).toEqual(["/state", FILE]);
    entries.delete(FILE);
    entries.set("/state", entry(10n, 102n * SECOND));
    expect(() => place.check()).toThrow(FILE);
  });

  it("is looked at every time while the folder may change without being seen to", () => {
    entries.set("/state", entry(10n, 102n * SECOND));
    place.check();
    place.check();
    expect(looks).toEqual(["/state", FILE, "/state", FILE]);
    entries.delete(FILE); // at the same time, as far as a coarse clock tells
    expect(() => place.check()).toThrow(FILE);
  });

  it.each([
    ["number", entry(12n, 0n)],
    ["disk", entry(11n, 0n, 2n)],
  ])("is lost to a file of another %s, for good and with one word", (_, other) => {
    entries.set("/state", entry(10n, 104n * SECOND));
    entries.set(FILE, other);
    expect(() => place.check()).toThrow("another file");
    entries.set(FILE, entry(11n, 105n * SECOND));
    expect(() => place.check()).toThrow("another file");
    expect(told).toEqual(["another file"]);
    expect(place.problem).toContain(FILE);
  });

  it("is not lost because it may not be looked at", () => {
    entries.set("/state", failure("EACCES"));
    place.check();
    entries.set("/state", entry(10n, 104n * SECOND));
    entries.set(FILE, failure("EACCES"));
    place.check();
    expect(place.problem).toBeUndefined();
  });

  it("tells nobody who does not want to know any more", () => {
    const others: string[] = [];
    place.onLoss((found) => void others.push(found))();
    entries.clear();
    expect(() => place.check()).toThrow("was removed");
    expect([told, others]).toEqual([["gone"], []]);
  });
});
