import { writeFileSync } from "node:fs";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { createFakeClock } from "@baldur/testkit";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { DEAD_PID, Files, patient } from "./fixture.js";

let files: Files;
const NAME = "key.json";
const document = (version: number, value: object = { n: version }) => ({ version, value, updatedAt: 1 });
const put = (name: string, content: unknown) =>
  writeFile(files.file(name), typeof content === "string" ? content : JSON.stringify(content));

beforeEach(async () => {
  files = await Files.create();
});
afterEach(() => files[Symbol.asyncDispose]());

describe("a writer that was killed", () => {
  const orphan = `${NAME}.tmp-${DEAD_PID}-1`;
  const write = (expected: number) => files.store().compareAndSet("key", expected, { by: "next" });
  beforeEach(async () => {
    await mkdir(files.folder, { recursive: true, mode: 0o700 });
    await put(NAME, document(1));
    await put("key.lock", `${DEAD_PID} 1 1`);
  });

  it("leaves the old document to readers, whatever it had written", async () => {
    await put(orphan, JSON.stringify(document(2)).slice(0, 9));
    await expect(files.store().read("key")).resolves.toEqual(document(1));
  });

  it("leaves a lock that the next writer takes over at once", async () => {
    await expect(write(1)).resolves.toEqual({ ok: true, version: 2 });
    await expect(readdir(files.folder)).resolves.toEqual([NAME]);
  });

  it("leaves a lock that one of many writers takes over", async () => {
    const results = await Promise.all(Array.from({ length: 8 }, () => write(1)));
    expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    await expect(files.store().read("key")).resolves.toMatchObject({ version: 2 });
    await expect(readdir(files.folder)).resolves.toEqual([NAME]);
  });

  it("has its whole temporary file of the next version promoted", async () => {
    await put(orphan, document(2, { by: "dead" }));
    await expect(write(1)).resolves.toMatchObject({
      ok: false,
      current: { version: 2, value: { by: "dead" } },
    });
    await expect(write(2)).resolves.toEqual({ ok: true, version: 3 });
    await expect(readdir(files.folder)).resolves.toEqual([NAME]);
  });

  it.each([
    ["torn", JSON.stringify(document(2)).slice(0, 9)],
    ["empty", ""],
    ["of the version that is there", document(1)],
    ["of a version too far", document(3)],
  ])("has its temporary file removed when that is %s", async (_, content) => {
    await put(orphan, content);
    await expect(write(1)).resolves.toEqual({ ok: true, version: 2 });
    await expect(readdir(files.folder)).resolves.toEqual([NAME]);
    await expect(files.store().read("key")).resolves.toMatchObject({ value: { by: "next" } });
  });

  it("loses nothing of other keys", async () => {
    await put("key.json2.json", document(7));
    await put(orphan, "");
    await write(1);
    await expect(files.store().read("key.json2")).resolves.toEqual(document(7));
  });
});

describe("the lock of a writer that lives", () => {
  const write = () => files.store().compareAndSet("key", 0, { a: 1 });
  beforeEach(() => mkdir(files.folder, { recursive: true, mode: 0o700 }));

  /** Whether the change is still waiting after the writer has looked at the lock many times. */
  async function waits(change: Promise<unknown>): Promise<boolean> {
    let settled = false;
    const end = () => void (settled = true);
    change.then(end, end);
    for (let looks = 0; looks < 500; looks++) await readdir(files.folder);
    return !settled;
  }

  it("is waited for", async () => {
    await put("key.lock", `${process.pid} 1 1`);
    const change = write();
    await expect(waits(change)).resolves.toBe(true);
    await rename(files.file("key.lock"), files.file("gone"));
    await expect(change).resolves.toEqual({ ok: true, version: 1 });
  });

  it("is taken over when it stays the same for more than ten seconds: its host is gone", async () => {
    await put("key.lock", `${process.pid} 1 1`);
    const change = write();
    await expect(waits(change)).resolves.toBe(true);
    await files.clock.advance(10_001);
    await expect(change).resolves.toEqual({ ok: true, version: 1 });
    await expect(readdir(files.folder)).resolves.toEqual([NAME]);
  });

  it("is waited for while its writer has not written its name yet, however long this process runs", async () => {
    await files.clock.advance(60_000);
    await put("key.lock", "");
    const change = write();
    await expect(waits(change)).resolves.toBe(true);
    await files.clock.advance(10_001);
    await expect(change).resolves.toMatchObject({ ok: true });
  });
});

describe("two processes at one document", () => {
  it("lose nothing when one puts aside what the other has just replaced", async () => {
    await mkdir(files.folder, { recursive: true, mode: 0o700 });
    await put(NAME, "garbage");
    const clock = patient(createFakeClock());
    // The other process replaces the document between this one's read and its rename.
    const now = () => {
      writeFileSync(files.file(NAME), JSON.stringify(document(1, { by: "other" })));
      return 1;
    };
    await files.store({ clock: { ...clock, now } }).read("key");
    await expect(readFile(files.file(NAME), "utf8")).resolves.toContain("other");
  });
});
