import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { chooseFolder } from "../../src/wal/folder.js";
import { Bundle } from "../bundle.js";
import { runs } from "../runtime.js";
import { List, Logs, left, record, whole } from "./fixture.js";

const CHILD = fileURLToPath(new URL("./child.mjs", import.meta.url));

jest.setTimeout(30_000 + runs(1) * 10_000);

let logs: Logs;
let bundle: Bundle;
let children: ChildProcess[];
let mounted: string | undefined;

beforeAll(async () => {
  const modules = ["wal/wal.ts", "telemetry/telemetry.ts", "clock.ts"];
  bundle = await Bundle.of(...modules.map((module) => new URL(`../../src/${module}`, import.meta.url)));
});
afterAll(() => bundle[Symbol.dispose]());

beforeEach(async () => {
  logs = await Logs.create();
  children = [];
});
afterEach(async () => {
  for (const child of children) await kill(child);
  if (mounted !== undefined) spawnSync("umount", [mounted]);
  mounted = undefined;
  await logs[Symbol.asyncDispose]();
});

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  child.kill("SIGKILL");
  await closed;
}

function start(folder: string, action: string, argument = "") {
  const args = [CHILD, bundle.path, folder, action, argument];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  const words = (verb: string) =>
    lines.filter((line) => line.startsWith(`${verb} `)).map((line) => line.slice(verb.length + 1));
  return { child, lines, words, closed: once(child, "close") };
}

async function eventually(what: () => boolean): Promise<void> {
  for (let looks = 0; !what(); looks++) {
    if (looks > 4000) throw new Error(`not within 20 s: ${what.toString()}`);
    await sleep(5);
  }
}

const idOf = (data: unknown): unknown => (data as { id: unknown }).id;

describe("a process that is killed while it appends", () => {
  it("leaves every record that was acknowledged, each once and in order", async () => {
    for (let round = 0; round < runs(3); round++) {
      const { child, words, closed } = start(logs.folder, "append");
      // Anywhere in a group: what is said depends on the groups, and the kill on the time.
      await eventually(() => words("wrote").length > 100 + round * 37);
      await sleep((round * 7) % 11);
      await kill(child);
      await closed;
      const list = new List();
      await logs.open().absorb(list);
      const found = list.data.map(idOf);
      expect(words("wrote").filter((id) => !found.includes(id))).toEqual([]);
      expect(new Set(found).size).toBe(found.length);
      const seqs = list.taken.map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.toSorted((one, other) => one - other));
      expect(logs.telemetry.named("wal.records_corrupt")).toEqual([]);
      expect(logs.list()).toEqual([]);
    }
  });
});

describe("processes that absorb at once", () => {
  const files = 20;
  const perFile = 30;

  it("get every record exactly once between them", async () => {
    for (let n = 0; n < files; n++) await logs.put(left(n), manyRecords());
    const both = [start(logs.folder, "absorb"), start(logs.folder, "absorb")];
    for (const { lines } of both) await eventually(() => lines.includes("ready"));
    for (const { child } of both) child.stdin?.end("go\n");
    await Promise.all(both.map(({ closed }) => closed));
    const taken = both.flatMap(({ words }) => words("took"));
    expect(new Set(taken).size).toBe(files * perFile);
    expect(taken).toHaveLength(files * perFile);
    // Neither did it all alone: they did meet.
    for (const { words } of both) expect(words("took").length).toBeGreaterThan(0);
    expect(both.flatMap(({ words }) => words("finished"))).toHaveLength(files);
    expect(logs.list()).toEqual([]);
  });

  it("and are killed amid it leave the file to the next, under the same id", async () => {
    const file = left(1);
    await logs.put(file, manyRecords());
    const { child, closed, words } = start(logs.folder, "absorb", "1");
    child.stdin?.end("go\n");
    await closed;
    expect({ took: words("took"), files: logs.list() }).toEqual({
      took: [],
      files: [expect.stringContaining(`${file}.claim-`)],
    });
    const list = new List();
    await logs.open().absorb(list);
    expect(list.taken).toHaveLength(perFile);
    expect(list.finishedIds).toEqual([file.replace(".wal", "")]);
  });

  const manyRecords = () => whole(...Array.from({ length: perFile }, (_, seq) => record(seq + 1)));
});

describe("a disk that is full", () => {
  /** Kibibytes. */
  const SIZE = 2048;

  /** A disk of its own; else why there is none. */
  function mount(path: string): string | undefined {
    mkdirSync(path, { mode: 0o700 });
    const options = ["-t", "tmpfs", "-o", `size=${SIZE}k,mode=700`, "tmpfs", path];
    const { status, stderr, error } = spawnSync("mount", options, { encoding: "utf8" });
    if (status === 0) mounted = path;
    return status === 0 ? undefined : (error?.message ?? stderr);
  }

  it("or can only be read is no place for a log", async () => {
    const disk = join(logs.root, "disk");
    const reason = mount(disk);
    if (reason !== undefined)
      return void process.stdout.write(`no disk of its own for this test: ${reason}\n`);
    expect(spawnSync("mount", ["-o", "remount,ro", disk]).status).toBe(0);
    for (const folder of [disk, join(disk, "wal")]) {
      expect(await logs.open({ folder }).append({ id: 0 })).toBe("memory");
      const choice = {
        stateFolder: () => disk,
        isProduction: false,
        allowMemoryOnly: false,
        telemetry: logs.hub,
      };
      await expect(chooseFolder({ ...choice, named: folder, variable: "BALDUR_X" })).rejects.toThrow(
        /EROFS|ENOENT/,
      ); // Node's word for a folder in it
    }
    expect(logs.telemetry.named("wal.disk_full_failopen")).toHaveLength(2);
  });

  it("costs no record: those that it did not take are in memory, and reach it when there is room", async () => {
    const disk = join(logs.root, "disk");
    const reason = mount(disk);
    if (reason !== undefined)
      return void process.stdout.write(`no disk of its own for this test: ${reason}\n`);
    spawnSync("dd", ["if=/dev/zero", `of=${join(disk, "filler")}`, "bs=1k", `count=${SIZE / 2}`]);
    const folder = join(disk, "wal");
    const { child, lines, words } = start(folder, "fill");
    await eventually(() => lines.includes("full"));
    expect(words("memory").length).toBe(6);
    expect(words("event").filter((text) => text.startsWith("wal.disk_full_failopen"))).toEqual([
      expect.stringContaining("ENOSPC"),
    ]);
    rmSync(join(disk, "filler"));
    child.stdin?.write("go\n");
    await eventually(() => lines.includes("done"));
    expect(words("event").some((text) => text.startsWith("wal.disk_recovered"))).toBe(true);
    await kill(child);
    const list = new List();
    await logs.open({ folder }).absorb(list);
    const count = words("disk").length + words("memory").length;
    expect(list.data.map(idOf)).toEqual(Array.from({ length: count }, (_, id) => id));
  });
});
