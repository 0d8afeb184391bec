import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { ConfigurationError } from "../../src/errors.js";
import { errorOf } from "../runtime.js";
import { Files } from "./fixture.js";

let files: Files;
const NAME = "key.json";
const document = (version: number, value: object = { n: version }) => ({ version, value, updatedAt: 1 });
const put = (name: string, content: unknown) =>
  writeFile(files.file(name), typeof content === "string" ? content : JSON.stringify(content));
const mode = async (path: string) => (await stat(path)).mode & 0o777;

beforeEach(async () => {
  files = await Files.create();
});
afterEach(() => files[Symbol.asyncDispose]());

describe("the folder of the file store", () => {
  it("is not made before the first change", async () => {
    const store = files.store();
    const watch = store.watch("key", () => undefined);
    await expect(store.read("key")).resolves.toBeUndefined();
    await files.looks();
    watch[Symbol.dispose]();
    await store.close();
    await expect(readdir(files.root)).resolves.toEqual([]);
  });

  it("is asked for when it is first used, and once", async () => {
    let asked = 0;
    const store = files.store({ folder: () => `${files.root}/${++asked}` });
    expect(asked).toBe(0);
    await store.read("key");
    await store.compareAndSet("key", 0, { a: 1 });
    expect(asked).toBe(1);
  });

  it("is the owner's alone, and so are its files", async () => {
    await files.store().compareAndSet("key", 0, { a: 1 });
    await expect(mode(files.folder)).resolves.toBe(0o700);
    await expect(mode(files.file(NAME))).resolves.toBe(0o600);
  });

  it("holds nothing but the document after a change", async () => {
    const store = files.store();
    await store.compareAndSet("key", 0, { a: 1 });
    await store.compareAndSet("key", 1, { a: 2 });
    await expect(readdir(files.folder)).resolves.toEqual([NAME]);
  });

  it("must not be a link: the error names it", async () => {
    const path = await files.link("linked");
    const error = await errorOf(files.store({ folder: () => path }).compareAndSet("key", 0, { a: 1 }));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toContain(path);
    await expect(readdir(files.root)).resolves.toEqual(["linked"]);
  });

  it("may be repaired after it was refused", async () => {
    const path = await files.link("linked");
    const store = files.store({ folder: () => path });
    await errorOf(store.compareAndSet("key", 0, { a: 1 }));
    await rm(path);
    await expect(store.compareAndSet("key", 0, { a: 1 })).resolves.toMatchObject({ ok: true });
  });

  it("that is no folder fails reads and changes with an error that names the path", async () => {
    await writeFile(`${files.root}/plain`, "");
    const store = files.store({ folder: () => `${files.root}/plain` });
    for (const attempt of [() => store.read("key"), () => store.compareAndSet("key", 0, {})]) {
      const error = await errorOf(attempt());
      expect(error).toBeInstanceOf(ConfigurationError);
      expect((error as Error).message).toContain(`${files.root}/plain`);
    }
  });

  it("may be removed between changes", async () => {
    const store = files.store();
    await store.compareAndSet("key", 0, { a: 1 });
    await rm(files.folder, { recursive: true });
    await expect(store.read("key")).resolves.toBeUndefined();
    await expect(store.compareAndSet("key", 0, { a: 1 })).resolves.toEqual({ ok: true, version: 1 });
  });
});

describe("a stored document that cannot be understood", () => {
  beforeEach(() => mkdir(files.folder, { recursive: true }));

  it.each([
    ["empty", ""],
    ["torn", JSON.stringify(document(3)).slice(0, -5)],
    ["garbage", "\u0000\u0001"],
    ["null", "null"],
    ["a list", "[]"],
    ["without a version", { value: {}, updatedAt: 1 }],
    ["of version 0", document(0)],
    ["of a broken version", document(1.5)],
    ["without a value", { version: 1, updatedAt: 1 }],
    ["without a time", { version: 1, value: {} }],
  ])("because it is %s is put aside, reported, and counts as absent", async (_, content) => {
    await put(NAME, content);
    const store = files.store();
    await expect(store.read("key")).resolves.toBeUndefined();
    await expect(store.read("key")).resolves.toBeUndefined();
    const [kept] = await readdir(files.folder);
    expect(kept).toMatch(/^key\.json\.corrupt-/);
    const text = typeof content === "string" ? content : JSON.stringify(content);
    await expect(readFile(files.file(kept as string), "utf8")).resolves.toBe(text);
    expect(files.events.map(({ name, payload }) => [name, payload])).toEqual([
      ["documents.document_quarantined", { file: files.file(NAME), kept_as: kept }],
    ]);
    await expect(store.compareAndSet("key", 0, { a: 1 })).resolves.toEqual({ ok: true, version: 1 });
  });
});
