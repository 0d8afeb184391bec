import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Children, type Script } from "./child.js";
import { Folder } from "./fixture.js";

/** Kibibytes. */
const DISK = 3072;

let folder: Folder;
let children: Children;
let mounted: string | undefined;
beforeEach(async () => {
  folder = await Folder.create();
  children = new Children();
});
afterEach(async () => {
  await children[Symbol.asyncDispose]();
  if (mounted !== undefined) spawnSync("umount", [mounted]);
  mounted = undefined;
  await folder[Symbol.asyncDispose]();
});

/** A disk of its own; else why there is none. */
function mountDisk(): string | undefined {
  const path = join(folder.root, "disk");
  mkdirSync(path, { mode: 0o700 });
  const { status, stderr, error } = spawnSync(
    "mount",
    ["-t", "tmpfs", "-o", `size=${DISK}k,mode=700`, "tmpfs", path],
    { encoding: "utf8" },
  );
  if (status === 0) mounted = path;
  return status === 0 ? undefined : (error?.message ?? stderr);
}

/** Writes until it cannot, reads, makes room, and writes. An unhandled rejection would end it. */
const SCRIPT = `
import { rmSync, writeFileSync } from "node:fs";
const [filler] = args;
if (filler !== undefined) writeFileSync(filler, "x".repeat(1_000_000));
const text = "x".repeat(50_000);
const put = (key, value) => store.write((writer) => writer.put(key, value)).then(() => "ok", (error) => error);
let n = 0;
let failure;
for (; typeof (failure = await put("key " + n, text)) === "string" && n < 200; n++);
const together = await Promise.all([1, 2, 3].map((m) => put("more " + m, text.repeat(10))));
const read = () => store.read((reader) => reader.range({ from: "key", to: "kez" }));
const whole = read().length === n && read().every(([, value]) => value === text);
if (filler !== undefined) rmSync(filler);
const removed = await store.write((writer) => { for (let k = 0; k < 10; k++) writer.delete("key " + k); }).then(() => "ok", (error) => error.message);
// What was removed is used again once nobody can be reading it, which takes a transaction more.
for (let small = 0; small < 2; small++) await put("small " + small, "1");
const after = await put("after", text);
const kept = read().length === n - 10 && store.read((reader) => reader.get("after")) === text;
const { code, message, retryable } = failure;
say({ n, code, message, retryable, together: together.map((error) => error.code ?? error), whole, removed, after, kept });
await baldur.close();
`;

async function fill(path: string, script: Script & { filler?: string }): Promise<void> {
  const { filler, ...how } = script;
  const child = children.run(SCRIPT, { ...how, args: [path, ...(filler === undefined ? [] : [filler])] });
  expect(await child.ended).toBe(0);
  expect(child.lines).toEqual([
    {
      n: expect.any(Number),
      code: "ERR_BALDUR_ADAPTER",
      message: expect.stringContaining(path),
      retryable: true,
      together: Array.from({ length: 3 }, () => "ERR_BALDUR_ADAPTER"),
      whole: true,
      removed: "ok",
      after: "ok",
      kept: true,
    },
  ]);
  expect((child.lines[0] as { n: number }).n).toBeGreaterThan(10);
}

describe("a disk that is full", () => {
  it("refuses what is written, answers what is read, and takes more once there is room", async () => {
    const reason = mountDisk();
    if (reason !== undefined) process.stdout.write(`no disk of its own for this test: ${reason}\n`);
    const path = join(mounted ?? folder.root, "state");
    if (reason === undefined) await fill(path, { filler: join(folder.root, "disk", "filler") });
    else await fill(path, { command: LIMITED });
  });

  it("is no different when it is the size of a file that is limited", async () => {
    await fill(folder.path, { command: LIMITED });
  });

  it("keeps a store from being begun, with the reason and without ending the process", async () => {
    if (mountDisk() !== undefined) return; // said above
    const path = join(mounted as string, "state");
    spawnSync("dd", ["if=/dev/zero", `of=${join(mounted as string, "filler")}`, "bs=1k", `count=${DISK}`]);
    const child = children.run("say({ durable: store.durable, events }); await baldur.close();", {
      args: [path],
    });
    expect({ code: await child.ended, stderr: child.stderr() }).toEqual({ code: 0, stderr: "" });
    const [{ durable, events }] = child.lines as [
      { durable: boolean; events: { name: string; error: string }[] },
    ];
    expect(durable).toBe(false);
    expect(events.find(({ name }) => name === "storage.embedded_failed")?.error).toMatch(/ENOSPC/);
  });
});

/** Blocks of 512 bytes. */
const LIMITED = ["sh", "-c", `ulimit -f ${DISK}; exec "$0" "$@"`];
