import { copyFile, mkdir, readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Children } from "./child.js";
import { Folder, runs } from "./fixture.js";

const KEYS = 400;
const CUTS = 20;
const PAGE = 4096;
const AT_A_TIME = 4;
const OF_THE_ENGINE = /^internal error, index points to a \w+ page!\?\n/gm;

let folder: Folder;
let children: Children;
beforeEach(async () => {
  folder = await Folder.create();
  children = new Children();
});
afterEach(async () => {
  await children[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

interface Told {
  /** Keys of the old file that are still there, and whether all their values are whole. */
  readonly kept: number;
  readonly whole: boolean;
  readonly events: readonly { name: string; kept_as: string }[];
  /** Keys that were written afterwards. */
  readonly written: number;
}

/** Comes up, looks at what is there, writes, and comes up again. */
const SCRIPT = `
const value = (n) => "value " + n + " ".repeat(n % 7 === 0 ? 20_000 : n % 300) + "end";
const entries = store.read((reader) => reader.range({ from: "old", to: "ole" }));
const whole = entries.every(([key, text]) => text === value(Number(key.slice(4))));
for (let n = 0; n < 40; n++) await store.write((writer) => writer.put("new " + n, value(n)));
const written = store.read((reader) => reader.keys({ from: "new", to: "nex" })).length;
await baldur.close();
say({ durable: store.durable, kept: entries.length, whole, written, events: events.filter(({ name }) => name.startsWith("embedded.store_q")) });
`;

/** A file as use leaves it: values of many sizes, some deleted and some overwritten. */
async function seed(): Promise<void> {
  const value = (n: number) => `value ${n}${" ".repeat(n % 7 === 0 ? 20_000 : n % 300)}end`;
  const store = await folder.open();
  for (const text of ["first", undefined])
    for (let n = 0; n < KEYS; n += 50)
      await store.write((writer) => {
        for (let k = n; k < n + 50; k++) {
          writer.put(`old ${k}`, text ?? value(k));
          writer.put(`gone ${k}`, value(k));
        }
      });
  for (let n = 0; n < KEYS; n += 40)
    await store.write((writer) => {
      for (let k = n; k < n + 40; k++) writer.delete(`gone ${k}`);
    });
  await store.close();
}

async function comeUp(path: string): Promise<Told> {
  const child = children.run(SCRIPT, { args: [path] });
  const code = await child.ended;
  const stderr = child.stderr().replaceAll(OF_THE_ENGINE, "");
  expect({ path, code, stderr }).toEqual({ path, code: 0, stderr: "" });
  expect(child.lines).toEqual([expect.objectContaining({ durable: true, written: 40 })]);
  return child.lines[0] as Told;
}

/** The folder of a copy of the file. */
async function copy(name: string): Promise<string> {
  const path = join(folder.root, name);
  await mkdir(path, { mode: 0o700 });
  await copyFile(folder.file(), join(path, "state.lmdb"));
  return path;
}

async function inTurn<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
}

describe("a damaged file of an embedded store", () => {
  const garbage = (length: number) => Buffer.from(Array.from({ length }, (_, n) => (n * 7919 + 13) % 256));

  it.each([
    ["empty", Buffer.alloc(0)],
    ["a few letters", Buffer.from("garbage")],
    ["noise", garbage(50_000)],
    ["zeros", Buffer.alloc(50_000)],
  ])("is put aside with one event when it is %s, and the host comes up", async (_, content) => {
    await mkdir(folder.path, { mode: 0o700 });
    await writeFile(folder.file(), content);
    const { kept, events } = await comeUp(folder.path);
    expect(kept).toBe(0);
    expect(events).toHaveLength(1);
    await expect(readFile(events[0]?.kept_as as string)).resolves.toEqual(content);
    await expect(comeUp(folder.path)).resolves.toMatchObject({ events: [], kept: 0 });
  });

  it("loses all or nothing wherever it is cut, and never ends the process", async () => {
    await seed();
    const { length } = await readFile(folder.file());
    const count = Math.min(runs(CUTS), length / 512);
    const cuts = Array.from({ length: count }, (_, n) => Math.floor((length / count) * n));
    const odd = cuts.map((cut, n) => (n % 2 === 0 ? cut - (cut % PAGE) : cut));
    await inTurn([0, PAGE, 2 * PAGE, length - 1, ...odd.slice(1)], async (cut) => {
      const path = await copy(`cut-${cut}`).catch(() => undefined);
      if (path === undefined) return; // twice the same
      await truncate(join(path, "state.lmdb"), cut);
      const { kept, whole, events } = await comeUp(path);
      const isLost = events.length === 1;
      expect({ cut, kept, whole, events: events.length }).toEqual(
        isLost ? { cut, kept: 0, whole: true, events: 1 } : { cut, kept: KEYS, whole: true, events: 0 },
      );
      const files = await readdir(path);
      expect(files).toHaveLength(isLost ? 3 : 2);
      await expect(comeUp(path)).resolves.toMatchObject({ events: [] });
    });
  }, 600_000);

  it("is put aside whole by one of many processes that come up together, and they share the new one", async () => {
    await seed();
    for (const cut of [0, 100, PAGE, 8 * PAGE]) {
      const path = await copy(`shared-${cut}`);
      await truncate(join(path, "state.lmdb"), cut);
      const script = `
        await store.write((writer) => writer.put("mine " + process.pid, "1"));
        say({ events: events.filter(({ name }) => name === "embedded.store_quarantined").length });
        await new Promise((resolve) => process.stdin.once("data", resolve));
        say(store.read((reader) => reader.keys({ from: "mine", to: "minf" })).length);
        await baldur.close();
        process.exit();`;
      const all = Array.from({ length: 4 }, () => children.run(script, { args: [path] }));
      const told = (await Promise.all(all.map((child) => child.next()))) as { events: number }[];
      expect(told.reduce((sum, { events }) => sum + events, 0)).toBe(1);
      for (const child of all) child.process.stdin?.write("go\n");
      await expect(Promise.all(all.map((child) => child.next()))).resolves.toEqual([4, 4, 4, 4]);
      const [kept] = (await readdir(path)).filter((name) => name.includes("corrupt"));
      const whole = await readFile(folder.file());
      const aside = await readFile(join(path, kept as string));
      expect(aside.subarray(0, cut).equals(whole.subarray(0, cut))).toBe(true);
    }
  }, 120_000);

  it("does not matter when it is the lock", async () => {
    await seed();
    await writeFile(folder.file("state.lmdb-lock"), garbage(8272));
    await expect(comeUp(folder.path)).resolves.toMatchObject({ kept: KEYS, whole: true, events: [] });
  });

  it("is checked again when the check before was cut short", async () => {
    await seed();
    const path = await copy("unsure");
    const file = join(path, "state.lmdb");
    const { length } = await readFile(file);
    await truncate(file, 10 * PAGE);
    await truncate(file, length); // as the one that died had made it
    const { ino } = await stat(file, { bigint: true });
    await writeFile(`${file}.unsure-${ino}`, "");
    await expect(comeUp(path)).resolves.toMatchObject({ kept: 0, events: [{}] });
    await expect(readdir(path)).resolves.toHaveLength(3);
  });
});
