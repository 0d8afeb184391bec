import { copyFileSync, renameSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import * as lmdb from "lmdb";
import { EVERYTHING, errorOf, Folder } from "./fixture.js";
import { setBack } from "./set-back.js";

/** Called with the path of each file that the engine is about to open, and once it has. */
let onOpen: (path: string) => void = () => undefined;
let onOpened: (path: string) => void = () => undefined;
jest.unstable_mockModule("lmdb", () => ({
  open: (options: lmdb.RootDatabaseOptionsWithPath) => {
    onOpen(options.path as string);
    const database = lmdb.open(options);
    onOpened(options.path as string);
    return database;
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
  onOpened = () => undefined;
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

describe("an embedded store that the engine set back as it was opened", () => {
  const write = async (value: string): Promise<void> => {
    const store = await folder.open();
    await store.write((writer) => writer.put("before", value));
    await store.close();
  };
  const read = async (): Promise<string | undefined> =>
    (await folder.open()).read((reader) => reader.get("before"));

  it("is opened once more, and shows what is the latest", async () => {
    await write("2");
    let times = 0;
    onOpened = (path) => {
      if (++times === 1) setBack(`${path}-lock`);
    };
    expect(await read()).toBe("2");
    expect(times).toBe(2);
  });

  it("is used as it is when that does not end, and set right by what is written", async () => {
    await write("2");
    onOpened = (path) => setBack(`${path}-lock`);
    expect(await read()).toBe("1");
    onOpened = () => undefined;
    await write("3");
    expect(await read()).toBe("3");
  });
});
