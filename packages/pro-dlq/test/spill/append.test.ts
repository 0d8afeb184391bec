import { spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { AdapterError } from "@baldur/core";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { drain, idOf, record, Spills, whole } from "./fixture.js";

let spills: Spills;
beforeEach(async () => {
  spills = await Spills.create();
});
afterEach(() => spills[Symbol.asyncDispose]());

const isRoot = process.getuid?.() === 0;
const asRoot = isRoot ? it : it.skip;
const mode = (path: string) => statSync(path).mode & 0o777;
const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);

/** Every open file shares it. */
async function fileHandles(): Promise<{ write: () => Promise<unknown>; datasync: () => Promise<void> }> {
  const handle = await open(spills.root, "r");
  await handle.close();
  return Object.getPrototypeOf(handle) as never;
}

const failure = (code: string) => Object.assign(new Error(`${code}: injected`), { code });

describe("what is appended", () => {
  it("makes nothing before the first record", async () => {
    const spill = spills.spill();
    await expect(spill.append([])).resolves.toBe("");
    expect(spill.appendSync([])).toBe("");
    await drain(spill);
    await spill.close();
    expect(existsSync(spills.folder)).toBe(false);
    expect(spill.pending()).toBe(false);
  });

  it("lies in one file of the process, for its owner only, header first", async () => {
    const spill = spills.spill();
    const paths = [await spill.append([record(1)]), await spill.append([record(2), record(3)])];
    expect(paths[0]).toMatch(new RegExp(`^${spills.folder}/${process.pid}-[0-9a-f]{16}\\.spill$`));
    expect(paths[1]).toBe(paths[0]);
    expect(spills.list()).toEqual([nameOf(paths[0] as string)]);
    expect([mode(spills.folder), mode(paths[0] as string)]).toEqual([0o700, 0o600]);
    expect(spills.content(nameOf(paths[0] as string))).toBe(
      whole(record(1), record(2), record(3)).toString("latin1"),
    );
  });

  it("shares a sync with what arrives while another runs", async () => {
    const syncs = jest.spyOn(await fileHandles(), "datasync");
    const spill = spills.spill();
    await Promise.all(Array.from({ length: 100 }, (_, id) => spill.append([record(id)])));
    expect(syncs.mock.calls.length).toBeLessThanOrEqual(2);
    syncs.mockRestore();
    const { records } = await drain(spill);
    expect(records.map(idOf)).toEqual(Array.from({ length: 100 }, (_, id) => id));
  });

  it("is pending until it is absorbed", async () => {
    const spill = spills.spill();
    await spill.append([record(1)]);
    expect(spill.pending()).toBe(true);
    await drain(spill);
    expect(spill.pending()).toBe(false);
    spill.appendSync([record(2)]);
    expect(spill.pending()).toBe(true);
  });

  it("stays after close, and a later record begins another file", async () => {
    const spill = spills.spill();
    const first = await spill.append([record(1)]);
    await spill.close();
    expect(await spill.append([record(2)])).not.toBe(first);
    expect(spills.list()).toHaveLength(2);
  });

  it("is refused when it could not be read again, and costs its neighbours nothing", async () => {
    const spill = spills.spill();
    const [good, bad] = [spill.append([record(1)]), spill.append(["{\n}"])];
    await expect(bad).rejects.toThrow(TypeError);
    await expect(good).resolves.toContain(spills.folder);
  });

  it("is written at once at the end of the process, to a file of its own", async () => {
    const spill = spills.spill();
    const [path, other] = [await spill.append([record(1)]), spill.appendSync([record(2)])];
    expect(other).not.toBe(path);
    expect(spills.content(nameOf(other))).toBe(whole(record(2)).toString("latin1"));
    expect((await drain(spill)).records.map(idOf).sort()).toEqual([1, 2]);
  });
});

describe("a folder", () => {
  const other = () => join(spills.root, "other");
  const folders = () => [spills.folder, other()];

  async function falls(reason: string) {
    const spill = spills.spill({ folders: folders() });
    for (const path of [await spill.append([record(1)]), spill.appendSync([record(2)])])
      expect(path).toContain(other());
    const told = { kind: "folder_refused", folder: spills.folder, reason };
    expect(spills.problems).toEqual([told]);
    expect((await drain(spill)).records).toHaveLength(2);
    expect(spills.problems).toEqual([told]);
  }

  it("that is a link is refused, and the next is used", async () => {
    mkdirSync(join(spills.root, "target"));
    symlinkSync(join(spills.root, "target"), spills.folder);
    await falls("is a link");
    await expect(readdir(join(spills.root, "target"))).resolves.toEqual([]);
  });

  it("that is a file is refused", async () => {
    writeFileSync(spills.folder, "");
    await falls("is no folder");
  });

  it("that others may write to is refused", async () => {
    mkdirSync(spills.folder);
    spawnSync("chmod", ["777", spills.folder]);
    await falls("may be written by others");
  });

  asRoot("of somebody else is refused", async () => {
    mkdirSync(spills.folder, { mode: 0o700 });
    chownSync(spills.folder, 65534, 65534);
    await falls("belongs to somebody else");
  });

  it("that cannot be made is passed over", async () => {
    writeFileSync(join(spills.root, "file"), "");
    const below = join(spills.root, "file", "spill");
    const spill = spills.spill({ folders: [below, spills.folder] });
    await expect(spill.append([record(1)])).resolves.toContain(spills.folder);
    expect(spills.problems).toEqual([{ kind: "folder_refused", folder: below, reason: "ENOTDIR" }]);
  });

  it("that may be found nowhere makes the append fail, and every later one tries again", async () => {
    writeFileSync(spills.folder, "");
    const spill = spills.spill();
    for (let n = 0; n < 2; n++) {
      await expect(spill.append([record(1)])).rejects.toThrow(AdapterError);
      expect(() => spill.appendSync([record(1)])).toThrow(`${spills.folder}: is no folder`);
    }
    expect(spill.pending()).toBe(false);
    expect(spills.problems).toHaveLength(1);
    rmSync(spills.folder);
    await expect(spill.append([record(2)])).resolves.toContain(spills.folder);
  });

  it("that is removed is made again", async () => {
    const spill = spills.spill();
    await spill.append([record(1)]);
    await rm(spills.folder, { recursive: true });
    await spill.append([record(2)]);
    await expect(drain(spill)).resolves.toMatchObject({ records: [record(2)] });
    expect(spill.pending()).toBe(false);
  });
});

describe("a write that fails", () => {
  const other = () => join(spills.root, "other");

  it.each(["write", "datasync"] as const)(
    "in %s goes to the next folder, and leaves the whole groups of its file",
    async (method) => {
      const spill = spills.spill({ folders: [spills.folder, other()] });
      const first = await spill.append([record(1)]);
      const spy = jest.spyOn(await fileHandles(), method);
      // The file, and a new one in the same folder.
      for (let n = 0; n < 2; n++) spy.mockRejectedValueOnce(failure("EIO"));
      await expect(spill.append([record(2)])).resolves.toContain(other());
      spy.mockRestore();
      expect(spills.list()).toEqual([nameOf(first)]);
      expect(spills.content(nameOf(first))).toBe(whole(record(1)).toString("latin1"));
      await expect(spill.append([record(3)])).resolves.toContain(other());
      const told = { kind: "write_failed", folder: spills.folder, reason: "EIO" };
      expect(spills.problems).toEqual([told]);
      const { records, corrupt } = await drain(spill);
      expect([records.map(idOf), corrupt]).toEqual([[1, 2, 3], 0]);
    },
  );

  it("everywhere is told to all that wait for it, and leaves nothing behind", async () => {
    const spill = spills.spill();
    const spy = jest.spyOn(await fileHandles(), "datasync").mockRejectedValue(failure("EIO"));
    const results = await Promise.allSettled([1, 2, 3].map((id) => spill.append([record(id)])));
    spy.mockRestore();
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(spills.list()).toEqual([]);
    await expect(spill.append([record(4)])).resolves.toContain(spills.folder);
  });

  const small = () => join(spills.root, "small");
  const mounts =
    isRoot && spawnSync("sh", ["-c", "d=$(mktemp -d) && mount -t tmpfs none $d && umount $d"]).status === 0;
  // Elsewhere the injected failures above stand for it.
  (mounts ? it : it.skip)(
    "for want of space falls to the next folder; with space again, the first is used",
    async () => {
      mkdirSync(small(), { mode: 0o700 });
      spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k,mode=700", "none", small()]);
      try {
        const spill = spills.spill({ folders: [small(), spills.folder] });
        const ids = Array.from({ length: 40 }, (_, id) => id);
        const paths: string[] = [];
        for (const id of ids)
          paths.push(await spill.append([JSON.stringify({ id, filler: "x".repeat(3000) })]));
        expect(paths[0]).toContain(small());
        expect(paths.at(-1)).toContain(spills.folder);
        expect(spills.problems).toEqual([{ kind: "write_failed", folder: small(), reason: "ENOSPC" }]);
        const { records, corrupt } = await drain(spill);
        expect([records.map(idOf), corrupt]).toEqual([ids, 0]);
        await expect(spill.append([record(1)])).resolves.toContain(small());
        await drain(spill);
        writeFileSync(join(small(), "ballast"), Buffer.alloc(64 * 1024 - 4096));
        expect(spill.appendSync(["x".repeat(9000)].map((x) => JSON.stringify(x)))).toContain(spills.folder);
        expect(spills.list(small())).toEqual(["ballast"]);
        await spill.close();
      } finally {
        spawnSync("umount", [small()]);
      }
    },
  );
});

describe("a file that is taken from its writer's hands", () => {
  it("before a write is on the disk is written again elsewhere, so that nothing is lost", async () => {
    const spill = spills.spill();
    const path = await spill.append([record(1)]);
    const aside = join(spills.root, "taken");
    const handles = await fileHandles();
    const sync = handles.datasync;
    const spy = jest.spyOn(handles, "datasync").mockImplementationOnce(async function (this: unknown) {
      await rename(path, aside);
      return sync.call(this as never);
    });
    const next = await spill.append([record(2)]);
    spy.mockRestore();
    expect(next).not.toBe(path);
    expect(spills.content(nameOf(next))).toBe(whole(record(2)).toString("latin1"));
    expect(spills.problems).toEqual([]);
  });

  it("again and again is given up in the end", async () => {
    const spill = spills.spill();
    const handles = await fileHandles();
    const sync = handles.datasync;
    const spy = jest.spyOn(handles, "datasync").mockImplementation(async function (this: unknown) {
      for (const name of spills.list()) rmSync(join(spills.folder, name));
      return sync.call(this as never);
    });
    await expect(spill.append([record(1)])).rejects.toThrow("taken away");
    spy.mockRestore();
    await mkdir(spills.folder, { recursive: true });
    expect(spills.list()).toEqual([]);
  });

  it("by another absorber is no longer pending", async () => {
    const [spill, other] = [spills.spill(), spills.spill()];
    await spill.append([record(1)]);
    await expect(drain(other)).resolves.toMatchObject({ records: [record(1)] });
    await expect(drain(spill)).resolves.toMatchObject({ taken: 0 });
    expect(spill.pending()).toBe(false);
    await spill.append([record(2)]);
    await expect(drain(spill)).resolves.toMatchObject({ records: [record(2)] });
  });
});
