import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { DEAD_PID, drain, idOf, Spills, whole } from "./fixture.js";

interface Esbuild {
  build(options: object): Promise<unknown>;
  stop(): Promise<void>;
}

const CHILD = fileURLToPath(new URL("./child.mjs", import.meta.url));
const SOURCES = fileURLToPath(new URL("../../src/spill", import.meta.url));

jest.setTimeout(20_000);

let spills: Spills;
let built: string;
let children: ChildProcess[];

/** Plain Node cannot read the sources, and the package's build need not be there. */
beforeAll(async () => {
  built = await mkdtemp(join(tmpdir(), "baldur-spill-built-"));
  const here = createRequire(import.meta.url);
  const { build, stop } = createRequire(here.resolve("tsup"))("esbuild") as Esbuild;
  const contents = 'export * from "./spill.js"; export * from "./stderr.js";';
  await build({
    stdin: { contents, resolveDir: SOURCES, loader: "ts" },
    outfile: join(built, "spill.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["@baldur/source"],
  });
  await stop();
});
afterAll(() => rm(built, { recursive: true, force: true }));

beforeEach(async () => {
  spills = await Spills.create();
  children = [];
});
afterEach(async () => {
  for (const child of children) await kill(child);
  await spills[Symbol.asyncDispose]();
});

async function kill(child: ChildProcess) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  child.kill("SIGKILL");
  await closed;
}

function start(action: string, argument = "") {
  const args = [CHILD, join(built, "spill.mjs"), spills.folder, action, argument];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "pipe"] });
  children.push(child);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  const words = (verb: string) =>
    lines.filter((line) => line.startsWith(`${verb} `)).map((line) => line.slice(verb.length + 1));
  return { child, lines, words, closed: once(child, "close") };
}

async function eventually(what: () => boolean) {
  for (let looks = 0; !what(); looks++) {
    if (looks > 2000) throw new Error(`not within 10 s: ${what.toString()}`);
    await sleep(5);
  }
}

const ids = (count: number, prefix = "") => Array.from({ length: count }, (_, n) => `${prefix}${n}`);
const entries = (names: string[]) => names.map((id) => JSON.stringify({ id }));
const left = (n: number) => `${DEAD_PID}-${n.toString(16).padStart(16, "0")}.spill`;

describe("a process that is killed while it appends", () => {
  it("leaves every record that was acknowledged, and at most one that is torn", async () => {
    const killed = [start("append"), start("append")];
    for (const { child, words } of killed) {
      await eventually(() => words("wrote").length > 150);
      await kill(child);
    }
    await Promise.all(killed.map(({ closed }) => closed));
    const { records, corrupt } = await drain(spills.spill());
    // Both count alike, so every name is there twice.
    const acknowledged = killed.flatMap(({ words }) => words("wrote"));
    const count = (list: unknown[], id: unknown) => list.filter((one) => one === id).length;
    const absorbed = records.map(idOf);
    const missing = acknowledged.filter((id) => count(absorbed, id) < count(acknowledged, id));
    expect(missing).toEqual([]);
    expect(corrupt).toBeLessThanOrEqual(2);
    expect(spills.list().filter((name) => !name.endsWith(".corrupt"))).toEqual([]);
  });
});

describe("processes that absorb at once", () => {
  it("get every record exactly once between them", async () => {
    const files = 30;
    for (let n = 0; n < files; n++) await spills.put(left(n), whole(...entries(ids(20, `${n}-`))));
    const both = [start("absorb"), start("absorb")];
    for (const { lines } of both) await eventually(() => lines.includes("ready"));
    for (const { child } of both) child.stdin?.end("go\n");
    await Promise.all(both.map(({ closed }) => closed));
    const taken = both.flatMap(({ words }) => words("took"));
    expect(taken).toHaveLength(files * 20);
    expect(new Set(taken).size).toBe(files * 20);
    expect(both.flatMap(({ words }) => words("problem"))).toEqual([]);
    // Neither did it all alone: they did meet.
    for (const { words } of both) expect(words("took").length).toBeGreaterThan(0);
    expect(spills.list()).toEqual([]);
  });

  it("lose nothing even when they take files from each other's hands", async () => {
    const both = [start("rob", String(DEAD_PID)), start("rob", String(DEAD_PID))];
    await Promise.all(both.map(({ closed }) => closed));
    for (const { child } of both) expect(child.exitCode).toBe(0);
    const wrote = both.flatMap(({ words }) => words("wrote"));
    const { records } = await drain(spills.spill());
    const taken = new Set<unknown>([...both.flatMap(({ words }) => words("took")), ...records.map(idOf)]);
    expect(wrote.length).toBeGreaterThan(0);
    expect(wrote.filter((id) => !taken.has(id))).toEqual([]);
    const problems = both.flatMap(({ words }) => words("problem"));
    expect(
      problems.filter(
        (problem) => problem !== "write_failed taken away" && !problem.startsWith("records_corrupt"),
      ),
    ).toEqual([]);
  });

  it.each(["1", "2", "4"])("and crash after batch %s of 4 leave the rest to the next", async (batch) => {
    await spills.put(left(1), whole(...entries(ids(20))));
    const { closed, child, words } = start("crash", batch);
    await closed;
    expect(child.signalCode).toBe("SIGKILL");
    expect(words("took")).toHaveLength(5 * Number(batch));
    expect(spills.list()).toEqual([expect.stringContaining(`.absorbing-${child.pid}-`)]);
    const { records } = await drain(spills.spill());
    expect(records.map(idOf)).toEqual(ids(20));
    expect(spills.list()).toEqual([]);
  });
});

describe("a process that ends", () => {
  it("writes what it still holds in its exit handler", async () => {
    const { closed, child, words } = start("exit");
    await closed;
    expect(child.exitCode).toBe(3);
    expect(words("path")).toEqual([expect.stringContaining(spills.folder)]);
    const { records } = await drain(spills.spill());
    expect(records.map(idOf).sort()).toEqual(["before", "last-1", "last-2"]);
  });

  it("gets everything out to a standard error whose reader is slow", async () => {
    const { closed, child, words } = start("stderr");
    let text = "";
    await sleep(150);
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    await closed;
    expect(words("out")).toEqual(["true"]);
    const lost = text.trimEnd().split("\n");
    expect(lost).toHaveLength(2000);
    expect(lost.every((line) => line.startsWith('baldur.dlq.lost {"id":'))).toBe(true);
  });

  it("is not held up for long when nobody reads its standard error", async () => {
    const { child, words } = start("stderr");
    await once(child, "exit");
    await eventually(() => words("out").length > 0);
    expect(words("out")).toEqual(["false"]);
    child.stderr?.destroy();
  });

  it("is told when its standard error is closed", async () => {
    const { closed, child, words } = start("stderr");
    child.stderr?.destroy();
    await closed;
    expect(words("out")).toEqual(["false"]);
  });
});
