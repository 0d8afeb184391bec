import { rmSync } from "node:fs";
import { mkdir, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { relative } from "node:path";
import { createBaldur } from "@baldur/core";
import { type KeyValueStore, type KeyValueWriter, KvIdempotencyStore } from "@baldur/core/plugin";
import { createFakeClock } from "@baldur/testkit";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { embedded } from "../src/index.js";
import { Children } from "./child.js";
import { EVERYTHING, errorOf, Folder } from "./fixture.js";

let folder: Folder;
let store: KeyValueStore;
beforeEach(async () => {
  folder = await Folder.create();
  store = await folder.open();
  await store.write(put("before"));
});
afterEach(() => folder[Symbol.asyncDispose]());

const put =
  (key: string) =>
  (writer: KeyValueWriter): void =>
    writer.put(key, "1");
const keys = (of: KeyValueStore): string[] => of.read((reader) => reader.keys(EVERYTHING));

const removeFolder = () => rm(folder.path, { recursive: true });
const removeFile = () => rm(folder.file());
const moveFolder = () => rename(folder.path, `${folder.path}.old`);

/** By one that was begun apart, as a backup that is brought back would be. */
async function replaceFile(): Promise<void> {
  const other = await folder.open(`${folder.path}-other`);
  await other.write(put("theirs"));
  await other.close();
  await rename(`${folder.path}-other/state.lmdb`, folder.file());
}

const LOSSES: [what: string, lose: () => Promise<unknown>, found: string][] = [
  ["the folder is removed", removeFolder, "gone"],
  ["the folder is moved", moveFolder, "gone"],
  ["the folder is removed and made again", () => removeFolder().then(() => mkdir(folder.path)), "gone"],
  [
    "a file takes the place of the folder",
    () => removeFolder().then(() => writeFile(folder.path, "")),
    "gone",
  ],
  ["the file is removed", removeFile, "gone"],
  ["the file that processes agree by is removed", () => rm(folder.file("state.lmdb-lock")), "gone"],
  [
    "a link to itself takes the place of the file",
    () => removeFile().then(() => symlink("state.lmdb", folder.file())),
    "gone",
  ],
  ["another store takes the place of the file", replaceFile, "another file"],
  [
    "a file of somebody else takes its place",
    () => removeFile().then(() => writeFile(folder.file(), "theirs")),
    "another file",
  ],
];

describe.each(LOSSES)("an embedded store in use, when %s", (_, lose, found) => {
  beforeEach(lose);

  const loss = () => ({ event: "embedded.store_lost", file: folder.file(), found });

  it("refuses what is written and names the file, and tells it once", async () => {
    const errors = await Promise.all([1, 2].map((n) => errorOf(store.write(put(`together ${n}`)))));
    errors.push(await errorOf(store.write(put("later"))));
    for (const error of errors) {
      expect(error).toMatchObject({ code: "ERR_BALDUR_ADAPTER" });
      expect(error.message).toContain(folder.file());
      expect(error.message).toContain(found === "gone" ? "was removed" : "another file");
    }
    expect(folder.events).toEqual([loss()]);
    expect(store.durable).toBe(false);
  });

  it("goes on reading what was there, and nothing of what it refused", async () => {
    await errorOf(store.write(put("refused")));
    expect(keys(store)).toEqual(["before"]);
  });

  it("is closed as any other, and the next one begins anew", async () => {
    await errorOf(store.write(put("refused")));
    await store.close();
    await rm(folder.path, { recursive: true, force: true });
    const next = await folder.open();
    await next.write(put("after"));
    expect(keys(next)).toEqual(["after"]);
    expect(next.durable).toBe(true);
  });
});

describe("an embedded store whose file is lost", () => {
  it("acknowledges nothing that goes to the lost file while that happens", async () => {
    const writes = [store.write(put("first")), store.write(() => rmSync(folder.file()))];
    const ended = await Promise.allSettled(writes);
    expect(ended.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(folder.events).toHaveLength(1);
  });

  it("refuses on when the file comes back", async () => {
    await rename(folder.file(), folder.file("aside"));
    await errorOf(store.write(put("refused")));
    await rename(folder.file("aside"), folder.file());
    await expect(errorOf(store.write(put("later")))).resolves.toMatchObject({ code: "ERR_BALDUR_ADAPTER" });
    expect(folder.events).toHaveLength(1);
    await store.close();
    expect(keys(await folder.open())).toEqual(["before"]);
  });

  it("tells all in its thread that use it, and is not opened by more of them", async () => {
    const [second, third] = [await folder.open(), await folder.open()];
    await third.close();
    await removeFolder();
    const refusal = await errorOf(folder.open());
    expect(refusal).toMatchObject({ code: "ERR_BALDUR_ADAPTER" });
    expect(refusal.message).toContain(folder.file());
    expect(folder.events).toHaveLength(2); // of the two that use it
    await Promise.all([store.close(), second.close()]);
    expect(keys(await folder.open())).toEqual([]);
  });

  it("still knows work that was done, and claims no more", async () => {
    const idempotency = new KvIdempotencyStore({ clock: createFakeClock(), store });
    let owners = 0;
    const claim = async (key: string) =>
      idempotency.claim(key, { owner: `owner ${++owners}`, ttl: 60_000, tolerance: 0 });
    await expect(claim("done")).resolves.toMatchObject({ decision: "continue" });
    await removeFolder();
    await expect(errorOf(claim("new"))).resolves.toMatchObject({ code: "ERR_BALDUR_ADAPTER" });
    await expect(claim("done")).resolves.toMatchObject({ decision: "abort" });
  });

  it("shows in the posture: its state is no longer kept beyond the process", async () => {
    const quiet = () => undefined;
    const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
    const path = `${folder.path}-runtime`;
    const env = { BALDUR_SYSTEM_CONTROL_BACKEND: "embedded" };
    const baldur = await createBaldur({
      discover: false,
      logger,
      env,
      plugins: [embedded({ path })],
    }).start();
    expect(baldur.posture()).toMatchObject({ storage: "embedded", degraded: [] });
    await rm(path, { recursive: true });
    await baldur.control.disable({ actor: "ops", reason: "incident" });
    expect(baldur.control.enabled).toBe(false);
    expect(baldur.posture()).toMatchObject({ storage: "memory" });
    await baldur.close();
  });
});

describe("the folder of an embedded store in use", () => {
  it("may hold what others put there and take away", async () => {
    for (let n = 0; n < 5; n++) {
      await writeFile(folder.file(`note ${n}`), "");
      await store.write(put(`key ${n}`));
      await rm(folder.file(`note ${n}`));
      await store.write(put(`more ${n}`));
    }
    expect(keys(store)).toHaveLength(11);
    expect(folder.events).toEqual([]);
    await expect(readdir(folder.path)).resolves.toHaveLength(2);
  });

  it("may be named from where the process was when it began", async () => {
    await using children = new Children();
    const script = `
      process.chdir(path);
      await store.write((writer) => writer.put("key", "1"));
      say(store.durable);
      await baldur.close();`;
    const child = children.run(script, { args: [relative(process.cwd(), `${folder.path}-apart`)] });
    expect({ code: await child.ended, stderr: child.stderr() }).toEqual({ code: 0, stderr: "" });
    expect(child.lines).toEqual([true]);
  });

  it("may be closed to a process that gives up its rights", async () => {
    await using children = new Children();
    const script = `
      import { chmodSync } from "node:fs";
      if (process.getuid() === 0) process.setuid(65_534);
      else chmodSync(path, 0);
      await store.write((writer) => writer.put("key", "1"));
      if (process.getuid() !== 65_534) chmodSync(path, 0o700);
      say(store.durable);
      await baldur.close();`;
    const child = children.run(script, { args: [`${folder.path}-apart`] });
    expect({ code: await child.ended, stderr: child.stderr() }).toEqual({ code: 0, stderr: "" });
    expect(child.lines).toEqual([true]);
  });
});
