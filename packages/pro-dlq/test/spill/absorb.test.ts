import { spawnSync } from "node:child_process";
import { appendFileSync, symlinkSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { encodeFrames } from "../../src/spill/frame.js";
import { Identity } from "../../src/spill/process.js";
import { DEAD_PID, drain, idOf, LEFT, NONCE, record, Spills, whole } from "./fixture.js";

let spills: Spills;
beforeEach(async () => {
  spills = await Spills.create();
});
afterEach(() => spills[Symbol.asyncDispose]());

const onLinux = process.platform === "linux" ? it : it.skip;
const HOUR = 3_600_000;
const five = [1, 2, 3, 4, 5].map(record);

/** Absorbs, but refuses from the given batch on. */
async function refuseFrom(nth: number, batchSize: number, spill = spills.spill()) {
  const got: unknown[] = [];
  let batches = 0;
  const absorbed = await spill.absorb(async (batch) => {
    if (++batches >= nth) throw new Error("store down");
    got.push(...batch.map(idOf));
  }, batchSize);
  return { ...absorbed, got, batches };
}

describe("absorbing", () => {
  it("hands out own records and those of dead processes, in all folders, and leaves no file", async () => {
    const other = join(spills.root, "other");
    const elsewhere = spills.spill({ folders: [other] });
    await elsewhere.append([record("elsewhere")]);
    await elsewhere.close();
    await spills.put(LEFT, whole(record("left")));
    const spill = spills.spill({ folders: [spills.folder, join(spills.root, "none"), other] });
    await spill.append([record("own")]);
    const { records, ...rest } = await drain(spill);
    expect(records.map(idOf)).toEqual(["left", "elsewhere", "own"]);
    expect(rest).toMatchObject({ taken: 3, corrupt: 0, files: 3 });
    expect([...spills.list(), ...spills.list(other)]).toEqual([]);
    await expect(drain(spill)).resolves.toMatchObject({ taken: 0, corrupt: 0, files: 0 });
  });

  it("hands out batches of the given size, and large records fewer at once", async () => {
    await spills.put(LEFT, whole(...five));
    await expect(drain(spills.spill(), 2)).resolves.toMatchObject({ batches: [2, 2, 1] });
    const large = JSON.stringify("x".repeat(5 * 2 ** 20));
    await spills.put(LEFT, whole(large, large, large));
    await expect(drain(spills.spill(), 100)).resolves.toMatchObject({ batches: [2, 1] });
  });

  it("goes on while records are appended, and misses none", async () => {
    const spill = spills.spill();
    const got: string[] = [];
    const appends: Promise<string>[] = [];
    for (let id = 0; id < 60; id++) {
      appends.push(spill.append([record(id)]));
      if (id % 5 === 0) await spill.absorb(async (batch) => void got.push(...batch));
    }
    await Promise.all(appends);
    got.push(...(await drain(spill)).records);
    expect(got.map(idOf).sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 60 }, (_, id) => id),
    );
    expect(spills.list()).toEqual([]);
  });

  it("runs one at a time", async () => {
    await spills.put(LEFT, whole(...five));
    const spill = spills.spill();
    const results = await Promise.all([drain(spill, 1), drain(spill, 1), drain(spill, 1)]);
    expect(results.map(({ taken }) => taken)).toEqual([5, 0, 0]);
  });

  it("touches nothing but spill files", async () => {
    const names = ["note.txt", `${LEFT}.corrupt`, `${DEAD_PID}-xyz.spill`, `x${LEFT}`, `${LEFT}.absorbing-1`];
    for (const name of names) await spills.put(name, whole(record(1)));
    symlinkSync(join(spills.folder, "note.txt"), join(spills.folder, LEFT));
    spawnSync("mkfifo", [join(spills.folder, `${DEAD_PID}-${NONCE.replaceAll("d", "0")}.spill`)]);
    await expect(drain(spills.spill())).resolves.toMatchObject({ taken: 0, files: 0 });
    expect(spills.list()).toHaveLength(names.length + 2);
  });
});

describe("a store that refuses", () => {
  it("leaves the batch and the rest, with the place in the name, for the next time", async () => {
    await spills.put(LEFT, whole(...five));
    await expect(refuseFrom(2, 2)).resolves.toEqual({
      got: [1, 2],
      batches: 2,
      taken: 2,
      corrupt: 0,
      files: 0,
    });
    expect(spills.list()).toEqual([`${DEAD_PID}-${NONCE}.${whole(...five.slice(0, 2)).length}.spill`]);
    await expect(refuseFrom(2, 2)).resolves.toMatchObject({ got: [3, 4] });
    await expect(drain(spills.spill())).resolves.toMatchObject({ records: [record(5)], files: 1 });
    expect(spills.list()).toEqual([]);
    expect(spills.problems).toEqual([]);
  });

  it("is not asked for the other files", async () => {
    await spills.put(LEFT, whole(record(1)));
    await spills.put(`${DEAD_PID}-${NONCE.replace("d", "e")}.spill`, whole(record(2)));
    await expect(refuseFrom(1, 10)).resolves.toMatchObject({ batches: 1, taken: 0 });
    expect(spills.list()).toHaveLength(2);
  });

  it("does not make files multiply, and keeps what is pending", async () => {
    const spill = spills.spill();
    for (let id = 0; id < 5; id++) {
      await spill.append([record(id)]);
      await refuseFrom(1, 10, spill);
    }
    expect(spills.list()).toHaveLength(2);
    expect(spill.pending()).toBe(true);
    expect((await drain(spill)).records.map(idOf)).toEqual([0, 1, 2, 3, 4]);
    expect(spill.pending()).toBe(false);
  });

  it("has damage that comes before kept once", async () => {
    await spills.put(
      LEFT,
      Buffer.concat([whole(record(1)), Buffer.from("bad\n"), encodeFrames([record(2), record(3)])]),
    );
    await expect(refuseFrom(2, 1)).resolves.toMatchObject({ got: [1], corrupt: 1 });
    await expect(refuseFrom(2, 1)).resolves.toMatchObject({ got: [2], corrupt: 0 });
    await expect(drain(spills.spill())).resolves.toMatchObject({ records: [record(3)], corrupt: 0 });
    expect(spills.content(`${LEFT}.corrupt`)).toBe("bad\n");
  });
});

describe("a disk that fails", () => {
  it("costs only the records behind the fault; the file stays for the next time and is told of", async () => {
    await spills.put(LEFT, whole(record(1), record(2)));
    const handle = await open(spills.root, "r");
    await handle.close();
    const handles = Object.getPrototypeOf(handle) as typeof handle;
    const error = Object.assign(new Error("EIO: injected"), { code: "EIO" });
    const read = handles.read as (...args: unknown[]) => Promise<never>;
    let reads = 0;
    // The first looks for a header, the second finds both records, the third would find the end.
    const spy = jest.spyOn(handles, "read").mockImplementation(async function (
      this: unknown,
      ...args: unknown[]
    ) {
      if (++reads === 3) throw error;
      return read.apply(this, args);
    } as never);
    const spill = spills.spill();
    const got = await drain(spill);
    spy.mockRestore();
    expect(got).toMatchObject({ records: [record(1), record(2)], files: 0 });
    expect(spills.problems).toEqual([
      { kind: "file_unreadable", file: join(spills.folder, LEFT), reason: "EIO" },
    ]);
    await expect(drain(spill)).resolves.toMatchObject({ taken: 0, files: 1 });
    expect(spills.list()).toEqual([]);
  });

  it("that has no room for damaged bytes keeps the file that holds them", async () => {
    await spills.put(LEFT, Buffer.concat([whole(record(1)), Buffer.from("bad\n")]));
    await spills.put("target", "");
    symlinkSync(join(spills.folder, "target"), join(spills.folder, `${LEFT}.corrupt`));
    await expect(drain(spills.spill())).resolves.toMatchObject({ taken: 1, corrupt: 0, files: 0 });
    expect(spills.content("target")).toBe("");
    expect(spills.list().join()).toMatch(new RegExp(`${NONCE}\\.\\d+\\.spill`));
    expect(spills.problems).toMatchObject([{ kind: "file_unreadable", reason: "ELOOP" }]);
  });
});

describe("whose file it is", () => {
  const put = (owner: string, suffix = "") => spills.put(`${owner}.spill${suffix}`, whole(record(1)));
  const isTaken = async () => (await drain(spills.spill())).taken === 1;
  /** Alive as long as the tests, and not this process. */
  const neighbour = process.ppid;
  const running = () => {
    const { pid, nonce } = new Identity(neighbour).next();
    return `${pid}-${nonce}`;
  };

  onLinux("that of a running process is left to it", async () => {
    await put(running());
    await expect(isTaken()).resolves.toBe(false);
    expect(spills.list()).toEqual([expect.stringContaining(`${neighbour}-`)]);
  });

  onLinux("that of an earlier process whose pid another has now is taken", async () => {
    await put(`${neighbour}-0123456789abcdef`);
    await expect(isTaken()).resolves.toBe(true);
  });

  it("that of an earlier process with the pid of this one is taken", async () => {
    await put(`${process.pid}-0123456789abcdef`);
    await expect(isTaken()).resolves.toBe(true);
  });

  it("where nobody can tell, it is taken when it was untouched for an hour", async () => {
    await put(`${neighbour}-${NONCE}`);
    spills.clock.set(Date.now());
    await expect(isTaken()).resolves.toBe(false);
    spills.clock.set(Date.now() + HOUR + 60_000);
    await expect(isTaken()).resolves.toBe(true);
  });

  it("a claim of a dead process is taken over, from where it came to", async () => {
    const three = [1, 2, 3].map(record);
    const offset = whole(record(1)).length;
    await spills.put(`${DEAD_PID}-${NONCE}.${offset}.spill.absorbing-${DEAD_PID}-${NONCE}`, whole(...three));
    await expect(drain(spills.spill())).resolves.toMatchObject({ records: three.slice(1), files: 1 });
    expect(spills.list()).toEqual([]);
  });

  onLinux("a claim of a running process is left to it", async () => {
    await put(`${DEAD_PID}-${NONCE}`, `.absorbing-${running()}`);
    await expect(isTaken()).resolves.toBe(false);
  });

  onLinux("a claim of another absorber of this process is left to it", async () => {
    await spills.put(LEFT, whole(record(1), record(2)));
    let inner: unknown;
    const { taken } = await spills.spill().absorb(async () => {
      inner ??= await drain(spills.spill());
    }, 1);
    expect(taken).toBe(2);
    expect(inner).toMatchObject({ taken: 0 });
  });

  it("a claim that could not be given back is taken up again by its absorber", async () => {
    await spills.put(LEFT, whole(record(1)));
    const spill = spills.spill();
    const blocker = join(spills.folder, LEFT);
    // A folder under the old name makes the rename fail.
    await spill.absorb(async () => {
      spawnSync("mkdir", [blocker]);
      throw new Error("store down");
    });
    expect(spills.list()).toHaveLength(2);
    await expect(drain(spill)).resolves.toMatchObject({ records: [record(1)], files: 1 });
  });

  it("one whose claim was taken over in between ends without a complaint", async () => {
    await spills.put(LEFT, whole(record(1)));
    await spills.spill().absorb(async () => {
      const [claimed] = spills.list();
      spawnSync("mv", [join(spills.folder, claimed as string), join(spills.root, "gone")]);
    });
    expect(spills.problems).toEqual([]);
  });

  it("a file that grows while it is read is read to its end", async () => {
    await spills.put(LEFT, whole(record(1)));
    const got: unknown[] = [];
    await spills.spill().absorb(async (batch) => {
      got.push(...batch.map(idOf));
      const [claimed] = spills.list();
      if (got.length === 1) appendFileSync(join(spills.folder, claimed as string), encodeFrames([record(2)]));
    }, 1);
    expect(got).toEqual([1, 2]);
  });
});
