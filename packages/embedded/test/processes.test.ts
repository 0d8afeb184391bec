import { readFile } from "node:fs/promises";
import type { KeyValueStore, KeyValueWriter } from "@baldur/core/plugin";
import { createFakeClock } from "@baldur/testkit";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { type Child, Children } from "./child.js";
import { errorOf, Folder, runs } from "./fixture.js";

const INCREMENTS = 500;
const KILLS = 20;
const PATIENCE = 10_000;

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
jest.setTimeout(600_000);

const INCREMENT = `
const increment = (writer) => writer.put("count", String(Number(writer.get("count") ?? 0) + 1));
`;
const increment = (writer: KeyValueWriter): void =>
  writer.put("count", String(Number(writer.get("count") ?? 0) + 1));
const count = (store: KeyValueStore): number => Number(store.read((reader) => reader.get("count")));

describe("processes that share an embedded store", () => {
  it.each([2, 4])("begin it together and lose no increment of %i", async (processes) => {
    const script = `${INCREMENT}
      say(events.map(({ name }) => name));
      await new Promise((resolve) => process.stdin.once("data", resolve));
      for (let n = 0; n < ${INCREMENTS}; n += 5)
        await Promise.all([1, 2, 3, 4, 5].map(() => store.write(increment)));
      await baldur.close();
      process.exit();`;
    const all = Array.from({ length: processes }, () => children.run(script, { args: [folder.path] }));
    for (const child of all) expect(await child.next()).not.toContain("embedded.store_quarantined");
    for (const child of all) child.process.stdin?.write("go\n");
    const own = await folder.open();
    await Promise.all(Array.from({ length: INCREMENTS }, () => own.write(increment)));
    for (const child of all) expect(await child.ended).toBe(0);
    expect(count(own)).toBe((processes + 1) * INCREMENTS);
  });

  it("share it among their threads too", async () => {
    const script = `${INCREMENT}
      const { isMainThread, Worker } = await import("node:worker_threads");
      const { fileURLToPath } = await import("node:url");
      const others = isMainThread
        ? [1, 2, 3].map(() => new Worker(fileURLToPath(import.meta.url), { argv: [path] }))
        : [];
      const ended = others.map((other) => new Promise((resolve) => other.once("exit", resolve)));
      for (let n = 0; n < ${INCREMENTS}; n += 5)
        await Promise.all([1, 2, 3, 4, 5].map(() => store.write(increment)));
      await Promise.all(ended);
      await baldur.close();`;
    const child = children.run(script, { args: [folder.path] });
    expect({ code: await child.ended, stderr: child.stderr() }).toEqual({ code: 0, stderr: "" });
    expect(count(await folder.open())).toBe(4 * INCREMENTS);
  });

  it("lose nothing that was acknowledged when they are killed while they write", async () => {
    const script = `
      const [round] = args;
      const text = "x".repeat(300);
      let next = 0;
      say("up");
      const line = async () => {
        for (;;) {
          const n = next++;
          await store.write((writer) => {
            writer.put(\`\${round}:\${n}:a\`, text);
            writer.put(\`\${round}:\${n}:b\`, text);
            if (n > 50) for (const end of ["a", "b"]) writer.delete(\`old:\${n - 50}:\${end}\`);
            writer.put(\`old:\${n}:a\`, text);
            writer.put(\`old:\${n}:b\`, text);
          });
          say(n);
        }
      };
      for (let lines = 0; lines < 6; lines++) void line();`;
    const random = seeded(20_260_101);
    let acknowledged = 0;
    let own: KeyValueStore | undefined = await folder.open();
    for (let round = 0; round < runs(KILLS); round++) {
      const child = children.run(script, { args: [folder.path, String(round)] });
      expect(await child.next()).toBe("up");
      const last = await killAfter(child, 1 + Math.floor(random() * 60), random() * 5);
      // Half of the kills while nobody else has the store open, and half under the eyes of a process that goes on.
      own ??= await folder.open();
      const keys = new Set(own.read((reader) => reader.keys({ from: `${round}:`, to: `${round};` })));
      for (const n of last) {
        expect(keys.has(`${round}:${n}:a`) && keys.has(`${round}:${n}:b`)).toBe(true);
        acknowledged++;
      }
      expect(keys.size % 2).toBe(0);
      await own.write((writer) => writer.put(`mine:${round}`, "1"));
      if (round % 2 === 0) {
        await own.close();
        own = undefined;
      }
    }
    own ??= await folder.open();
    expect(own.read((reader) => reader.keys({ from: "mine:", to: "mine;" }))).toHaveLength(runs(KILLS));
    expect(acknowledged).toBeGreaterThan(runs(KILLS));
    expect(folder.events).toEqual([]);
  });

  it("refuse to wait for one that was stopped amid a transaction, and go on with it", async () => {
    const clock = createFakeClock();
    await folder[Symbol.asyncDispose]();
    folder = await Folder.create(clock);
    const own = await folder.open();
    await own.write((writer) => writer.put("before", "1"));
    const script = `
      say("up");
      await store.write((writer) => {
        writer.put("stopped", "1");
        process.kill(process.pid, "SIGSTOP");
      });
      say("done");
      await baldur.close();`;
    const child = children.run(script, { args: [folder.path] });
    await child.next();
    await stopped(child);
    let ran = false;
    const waiting = errorOf(own.write(() => void (ran = true)));
    await clock.advance(PATIENCE);
    expect(await waiting).toMatchObject({ code: "ERR_BALDUR_ADAPTER", retryable: true });
    expect(await errorOf(own.write(increment))).toMatchObject({ code: "ERR_BALDUR_ADAPTER" });
    const written = () => ["before", "stopped"].map((key) => own.read((reader) => reader.get(key)));
    expect(written()).toEqual(["1", undefined]);
    child.process.kill("SIGCONT");
    expect(await child.next()).toBe("done");
    while ((await own.write(() => "works").catch(() => "stuck")) === "stuck") await clock.advance(1);
    expect(written()).toEqual(["1", "1"]);
    expect(ran).toBe(false);
    expect(clock.pending).toBe(0);
  });
});

/** Kills it once it has acknowledged so many, a little later. Answers all that it acknowledged. */
async function killAfter(child: Child, acknowledged: number, delay: number): Promise<number[]> {
  for (let n = 0; n < acknowledged; n++) await child.next();
  await new Promise((resolve) => setTimeout(resolve, delay));
  child.process.kill("SIGKILL");
  expect(await child.ended).toBe("SIGKILL");
  return child.lines.filter((line): line is number => typeof line === "number");
}

/** Resolves once the process is stopped. */
async function stopped({ process: { pid } }: Child): Promise<void> {
  const isStopped = async () => /\) T /.test(await readFile(`/proc/${pid}/stat`, "utf8"));
  while (!(await isStopped())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Numbers in [0, 1) that are the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
