import { copyFileSync, renameSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import * as lmdb from "lmdb";
import { EVERYTHING, errorOf, Folder } from "./fixture.js";

/** Called with the path of each file that the engine is about to open. */
let onOpen: (path: string) => void = () => undefined;
jest.unstable_mockModule("lmdb", () => ({
  open: (options: lmdb.RootDatabaseOptionsWithPath) => {
    onOpen(options.path as string);
    return lmdb.open(options);
  },
}));

/** Puts a copy of the file in its place. */
function replace(file: string): void {
  copyFileSync(file, `${file}.copy`);
  renameSync(`${file}.copy`, file);
}

let folder: Folder;
beforeEach(async () => {
  folder = await Folder.create();
  const store = await folder.open();
  await store.write((writer) => writer.put("before", "1"));
  await store.close();
});
afterEach(async () => {
  onOpen = () => undefined;
  await folder[Symbol.asyncDispose]();
});

describe("the file of an embedded store that another process replaces while it is opened", () => {
  it("is opened once more", async () => {
    let times = 0;
    onOpen = (path) => {
      if (++times === 1) replace(path);
    };
    const store = await folder.open();
    await store.write((writer) => writer.put("key", "1"));
    await store.close();
    expect((await folder.open()).read((reader) => reader.keys(EVERYTHING))).toEqual(["before", "key"]);
    expect(folder.events).toEqual([]);
  });

  it("is given up with the reason when that does not end", async () => {
    onOpen = replace;
    const error = await errorOf(folder.open());
    expect(error).toMatchObject({ code: "ERR_BALDUR_ADAPTER" });
    expect(error.message).toContain(`${folder.file()} was replaced`);
    onOpen = () => undefined;
    await expect(folder.open()).resolves.toMatchObject({ durable: true });
  });
});
