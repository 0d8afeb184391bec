import { chmod, chown, mkdir, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AdapterError } from "@baldur/core";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { errorOf, Folder } from "./fixture.js";

const NOBODY = 65_534;
let folder: Folder;
beforeEach(async () => {
  folder = await Folder.create();
});
afterEach(() => folder[Symbol.asyncDispose]());

const mode = async (path: string) => (await stat(path)).mode & 0o777;

/** The message of the refusal, which names the folder. */
async function refusal(path: string): Promise<string> {
  const error = await errorOf(folder.open(path));
  expect(error).toBeInstanceOf(AdapterError);
  expect(error.message).toContain(path);
  return error.message;
}

describe("the folder of an embedded store", () => {
  it("is made for its owner alone, with all that is above it", async () => {
    const path = join(folder.root, "a", "b");
    const store = await folder.open(path);
    expect(store).toMatchObject({ location: path, durable: true });
    expect([await mode(path), await mode(join(folder.root, "a"))]).toEqual([0o700, 0o700]);
  });

  it("holds the file and its lock, and nothing else", async () => {
    const store = await folder.open();
    await store.write((writer) => writer.put("key", "1"));
    await expect(readdir(folder.path)).resolves.toEqual(["state.lmdb", "state.lmdb-lock"]);
    await store.close();
    await expect(readdir(folder.path)).resolves.toEqual(["state.lmdb", "state.lmdb-lock"]);
  });

  it("has a lock without holes: one that is mapped while the disk is full ends the process", async () => {
    await folder.open();
    const { size, blocks } = await stat(folder.file("state.lmdb-lock"));
    expect(blocks * 512).toBeGreaterThanOrEqual(size);
  });

  it("may be there already", async () => {
    await mkdir(folder.path, { mode: 0o755 });
    await folder.open();
  });

  it("must not be a symbolic link", async () => {
    await mkdir(join(folder.root, "elsewhere"));
    await symlink(join(folder.root, "elsewhere"), folder.path);
    await expect(refusal(folder.path)).resolves.toContain("symbolic link");
    await expect(readdir(join(folder.root, "elsewhere"))).resolves.toEqual([]);
  });

  it("must not be a link that leads nowhere", async () => {
    await symlink(join(folder.root, "nowhere"), folder.path);
    await refusal(folder.path);
  });

  it("must not be writable by others", async () => {
    await mkdir(folder.path);
    await chmod(folder.path, 0o770);
    await expect(refusal(folder.path)).resolves.toContain("others may write");
  });

  it("must be a folder, and below folders", async () => {
    await writeFile(folder.path, "");
    await refusal(folder.path);
    await expect(refusal(join(folder.path, "below"))).resolves.toContain("ENOTDIR");
  });

  const asRoot = process.getuid?.() === 0 ? it : it.skip;
  asRoot("must not belong to somebody else", async () => {
    await mkdir(folder.path);
    await chown(folder.path, NOBODY, NOBODY);
    await expect(refusal(folder.path)).resolves.toContain(`user ${NOBODY}`);
    await expect(readdir(folder.path)).resolves.toEqual([]);
  });

  it("may be put right after it was refused", async () => {
    await writeFile(folder.path, "");
    await refusal(folder.path);
    await rm(folder.path);
    await expect(folder.open()).resolves.toMatchObject({ durable: true });
  });
});
