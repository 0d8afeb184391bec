import type { KeyValueStore, KeyValueWriter } from "@baldur/core/plugin";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Children } from "./child.js";
import { Folder } from "./fixture.js";
import { setBack } from "./set-back.js";

let folder: Folder;
let store: KeyValueStore;
beforeEach(async () => {
  folder = await Folder.create();
  store = await folder.open();
  for (let n = 0; n < 5; n++) await store.write(increment);
});
afterEach(() => folder[Symbol.asyncDispose]());

const lock = (): string => folder.file("state.lmdb-lock");
const increment = (writer: KeyValueWriter): void =>
  writer.put("count", String(Number(writer.get("count") ?? 0) + 1));
const count = (of: KeyValueStore): number => Number(of.read((reader) => reader.get("count")));

describe("an embedded store that another process set back while it opened it", () => {
  it.each([1, 2, 3])("keeps what was acknowledged in the last %i transactions", async (by) => {
    setBack(lock(), by);
    await store.write(increment);
    expect(count(store)).toBe(6);
    await store.write(increment);
    await store.close();
    expect(count(await folder.open())).toBe(7);
  });

  it("runs every work once, with all of one transaction", async () => {
    const ran: number[] = [];
    setBack(lock());
    const all = [1, 2, 3].map((n) =>
      store.write((writer) => {
        ran.push(n);
        increment(writer);
      }),
    );
    await Promise.all(all);
    expect(ran).toEqual([1, 2, 3]);
    expect(count(store)).toBe(8);
  });

  it("keeps what one process wrote from what another one writes", async () => {
    await using children = new Children();
    const script = `
      const increment = (writer) => writer.put("count", String(Number(writer.get("count") ?? 0) + 1));
      for await (const _ of process.stdin) say(await store.write(increment).then(() => "written"));
      await baldur.close();`;
    const other = children.run(script, { args: [folder.path] });
    for (let round = 0; round < 3; round++) {
      other.process.stdin?.write("go\n");
      expect(await other.next()).toBe("written");
      setBack(lock());
      await store.write(increment);
      setBack(lock());
    }
    other.process.stdin?.end();
    expect(await other.ended).toBe(0);
    await store.write(increment);
    expect(count(store)).toBe(5 + 3 + 3 + 1);
  });

  it("refuses what a thread beside the main one writes, which cannot mend it", async () => {
    await using children = new Children();
    const script = `
      const { isMainThread, parentPort, Worker } = await import("node:worker_threads");
      const { fileURLToPath } = await import("node:url");
      const write = () => store.write((writer) => writer.put("thread", "1"));
      if (isMainThread) {
        await baldur.close();
        const thread = new Worker(fileURLToPath(import.meta.url), { argv: [path] });
        process.stdin.on("data", () => thread.postMessage("go")).unref();
      } else {
        parentPort.on("message", async () => say(await write().then(() => "written", ({ code }) => code)));
        say("open");
      }`;
    const child = children.run(script, { args: [folder.path] });
    const write = (): Promise<unknown> => {
      child.process.stdin?.write("go\n");
      return child.next();
    };
    expect(await child.next()).toBe("open");
    setBack(lock());
    expect(await write()).toBe("ERR_BALDUR_ADAPTER");
    await store.write(increment);
    expect(await write()).toBe("written");
    expect(count(store)).toBe(6);
  });
});
