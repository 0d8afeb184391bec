import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { Clock } from "../../src/clock.js";
import { Identity } from "../../src/wal/owner.js";
import { DEAD_PID, List, Logs, left, record, whole } from "./fixture.js";

let logs: Logs;
beforeEach(async () => {
  logs = await Logs.create();
});
afterEach(() => logs[Symbol.asyncDispose]());

const ids = (count: number, from = 0): { id: number }[] =>
  Array.from({ length: count }, (_, n) => ({ id: from + n }));
const names = () => logs.telemetry.events.map(({ name }) => name);
const HOUR = 3_600_000;

/** The times of files are those of the system. */
function wall(ahead = 0): Clock {
  const { clock } = logs;
  return {
    now: () => Date.now() + ahead,
    monotonic: () => clock.monotonic(),
    setTimeout: (callback, delay) => clock.setTimeout(callback, delay),
    clearTimeout: (handle) => clock.clearTimeout(handle),
  };
}

describe("a log", () => {
  it("makes no file before the first record, and none that stays after the last was taken", async () => {
    const wal = logs.open();
    const list = new List();
    await wal.drain(list);
    await wal.absorb(list);
    expect(existsSync(logs.folder)).toBe(false);
    expect(await wal.append({ id: 1 })).toBe("disk");
    expect(logs.list()).toEqual([
      expect.stringMatching(new RegExp(`^test-[0-9a-f]{24}_20260101_\\d{6}_${process.pid}\\.wal$`)),
    ]);
    expect(wal.pending).toBe(1);
    await wal.drain(list);
    expect(list.data).toEqual([{ id: 1 }]);
    expect({ files: logs.list(), pending: wal.pending }).toEqual({ files: [], pending: 0 });
  });

  it("hands out everything in order, over several files, and forgets each file once it is gone", async () => {
    const wal = logs.open({ fileBytes: 2000 });
    await Promise.all(ids(20).map((data) => wal.append(data)));
    for (const data of ids(80, 20)) await wal.append(data);
    const files = logs.list();
    expect(files.length).toBeGreaterThan(2);
    expect(logs.telemetry.value("baldur_wal_rotation_total")).toBe(files.length - 1);
    const list = new List();
    await wal.drain(list);
    expect(list.data).toEqual(ids(100));
    expect(list.taken.map(({ seq }) => seq)).toEqual(ids(100, 1).map(({ id }) => id));
    expect(list.finishedIds.map((id) => `${id}.wal`).sort()).toEqual(files);
    const times = list.finishedIds.map((id) => id.slice(30));
    expect(times).toEqual(times.toSorted());
    expect(logs.list()).toEqual([]);
  });

  it("goes on with what a taker refused, without what was taken before", async () => {
    const wal = logs.open();
    await Promise.all(ids(1200).map((data) => wal.append(data)));
    const list = new List();
    list.patience = 2;
    await expect(wal.drain(list)).rejects.toThrow("refused");
    expect(list.finishedIds).toEqual([]);
    expect(logs.telemetry.value("baldur_wal_sync_cursor_stalled")).toBe(1);
    await wal.append({ id: 1200 });
    list.patience = Number.POSITIVE_INFINITY;
    await wal.drain(list);
    expect(list.data).toEqual(ids(1201));
    expect(new Set(list.taken.map(({ id }) => id)).size).toBe(2);
    expect(logs.telemetry.value("baldur_wal_sync_cursor_stalled")).toBe(0);
  });

  it("takes a snapshot of what it is given", async () => {
    const wal = logs.open();
    const data = { id: 1 };
    const appended = wal.append(data);
    data.id = 2;
    await appended;
    const list = new List();
    await wal.drain(list);
    expect(list.data).toEqual([{ id: 1 }]);
  });

  it("syncs once for all that gathers meanwhile, and waits for no timer", async () => {
    const { open } = process.getBuiltinModule("node:fs/promises");
    const handle = await open(join(logs.root, "probe"), "w");
    const syncs = jest.spyOn(Object.getPrototypeOf(handle), "datasync");
    await handle.close();
    const wal = logs.open();
    const first = wal.append({ id: 0 });
    await new Promise((resolve) => setImmediate(resolve)); // its write is under way
    const rest = ids(500, 1).map((data) => wal.append(data));
    await Promise.all([first, ...rest]);
    expect(syncs.mock.calls.length).toBeLessThanOrEqual(2);
    syncs.mockRestore();
    expect(logs.clock.pending).toBe(0);
  });

  it("tells how it stands", async () => {
    const wal = logs.open();
    await Promise.all(ids(3).map((data) => wal.append(data)));
    const value = (name: string) => logs.telemetry.value(`baldur_wal_${name}`);
    expect(value("entries_written_total")).toBe(3);
    expect(value("last_sequence")).toBe(3);
    expect(value("total_files")).toBe(1);
    expect(value("sync_lag_entries")).toBe(3);
    expect(value("current_size_bytes")).toBe(
      readFileSync(join(logs.folder, logs.list()[0] as string)).length,
    );
    await wal.drain(new List());
    expect([value("entries_recovered_total"), value("sync_lag_entries"), value("total_files")]).toEqual([
      3, 0, 0,
    ]);
  });
});

describe("a disk that takes nothing", () => {
  /** A folder that cannot be made, because a file is in its way. */
  const block = () => writeFileSync(logs.folder, "");
  const free = () => rmSync(logs.folder);

  it("is told once; records are acknowledged, kept, and written when it takes them again", async () => {
    block();
    const wal = logs.open();
    expect(await wal.append({ id: 0 })).toBe("memory");
    await logs.clock.advance(1000);
    expect(await wal.append({ id: 1 })).toBe("memory");
    expect(logs.telemetry.named("wal.disk_full_failopen").map(({ level }) => level)).toEqual(["critical"]);
    expect(logs.telemetry.value("baldur_wal_disk_full_total")).toBe(2);
    free();
    await logs.clock.advance(1000);
    expect(await wal.append({ id: 2 })).toBe("disk");
    expect(logs.telemetry.named("wal.disk_recovered").map(({ payload }) => payload)).toEqual([
      { folder: logs.folder, entries: 3 },
    ]);
    const list = new List();
    await wal.drain(list);
    expect(list.data).toEqual(ids(3));
  });

  it("is tried again by a heartbeat", async () => {
    block();
    const wal = logs.open();
    await wal.append({ id: 0 });
    free();
    await logs.clock.advance(1000);
    await wal.heartbeat();
    expect(logs.list()).toHaveLength(1);
    expect(names()).toContain("wal.disk_recovered");
  });

  it("is not asked for every record", async () => {
    block();
    const wal = logs.open();
    for (const data of ids(10)) await wal.append(data);
    expect(logs.telemetry.value("baldur_wal_disk_full_total")).toBe(1);
  });

  it("keeps nothing from being handed out, and what was once handed out from memory is never written", async () => {
    block();
    const wal = logs.open();
    await wal.append({ id: 0 });
    const list = new List();
    list.patience = 0;
    await expect(wal.drain(list)).rejects.toThrow("refused");
    free();
    await logs.clock.advance(1000);
    expect(await wal.append({ id: 1 })).toBe("disk");
    const other = new List();
    await logs.open().absorb(other);
    list.patience = 2;
    await wal.drain(list);
    expect({ list: list.data, other: other.data }).toEqual({ list: ids(2), other: [] });
  });

  it("lets records be refused once the memory for them is full", async () => {
    block();
    const wal = logs.open({ memoryBytes: 10_000 });
    const append = async () => {
      for (let n = 0; n < 200; n++) await wal.append({ text: "x".repeat(100) });
    };
    await expect(append()).rejects.toMatchObject({ code: "ERR_BALDUR_ADAPTER" });
    await wal.drain(new List());
    await expect(wal.append({ id: 1 })).resolves.toBe("memory");
  });

  it("is met like a limit of files: nothing is deleted", async () => {
    const wal = logs.open({ fileBytes: 100, maxFiles: 3 });
    for (const data of ids(20)) await wal.append(data);
    expect(logs.list()).toHaveLength(3);
    expect(logs.telemetry.named("wal.disk_full_failopen")[0]?.payload["reason"]).toMatch(/3 files/);
    const list = new List();
    await wal.drain(list);
    expect(list.data).toEqual(ids(20));
  });

  it("is one that was never given: then memory is all there is, and no news", async () => {
    const wal = logs.open({ folder: undefined });
    expect(await wal.append({ id: 0 })).toBe("memory");
    const list = new List();
    await wal.drain(list);
    expect({ data: list.data, names: names() }).toEqual({ data: ids(1), names: [] });
  });
});

describe("a write that fails half-way", () => {
  /** Writes a part of each group, then fails, as a full disk does. */
  async function failing(method: "datasync" | "truncate" | "write", times: number) {
    const { open } = process.getBuiltinModule("node:fs/promises");
    const handle = await open(join(logs.root, "probe"), "w");
    const prototype = Object.getPrototypeOf(handle);
    await handle.close();
    const spy = jest.spyOn(prototype, method);
    for (let n = 0; n < times; n++) spy.mockRejectedValueOnce(new Error("ENOSPC: no space left on device"));
    return spy;
  }

  it("leaves nothing of the group in the file", async () => {
    const wal = logs.open();
    await wal.append({ id: 0 });
    const spy = await failing("datasync", 1);
    expect(await wal.append({ id: 1 })).toBe("memory");
    spy.mockRestore();
    const [file = ""] = logs.list();
    expect(readFileSync(join(logs.folder, file), "utf8")).not.toContain('"id":1');
    await logs.clock.advance(1000);
    await wal.append({ id: 2 });
    const list = new List();
    await wal.drain(list);
    expect(list.data).toEqual(ids(3));
  });

  it("and cannot be undone is kept from being handed out twice", async () => {
    const wal = logs.open();
    await wal.append({ id: 0 });
    const [sync, cut] = [await failing("datasync", 1), await failing("truncate", 1)];
    expect(await wal.append({ id: 1 })).toBe("memory");
    sync.mockRestore();
    cut.mockRestore();
    const [file = ""] = logs.list();
    expect(readFileSync(join(logs.folder, file), "utf8")).toContain('"id":1');
    await logs.clock.advance(1000);
    await wal.append({ id: 2 });
    const list = new List();
    await wal.drain(list);
    expect(list.data).toEqual(ids(3));
  });
});

describe("a file that somebody takes away", () => {
  it.each([
    ["removed", (path: string) => rmSync(path)],
    ["renamed", (path: string) => renameSync(path, join(logs.root, "elsewhere"))],
    [
      "replaced",
      (path: string) => {
        rmSync(path);
        writeFileSync(path, "");
      },
    ],
  ])("by having it %s does not take what is acknowledged from then on", async (_, take) => {
    const wal = logs.open();
    await wal.append({ id: 0 });
    take(join(logs.folder, logs.list()[0] as string));
    expect(await wal.append({ id: 1 })).toBe("disk");
    const list = new List();
    await wal.drain(list);
    expect(list.data).toEqual([{ id: 1 }]);
    expect(names()).toEqual(["wal.file_taken_away"]);
    expect(wal.pending).toBe(0);
  });

  it("after it was closed is told, and keeps nothing else", async () => {
    const wal = logs.open({ fileBytes: 10 });
    await wal.append({ id: 0 });
    const [first = ""] = logs.list();
    await wal.append({ id: 1 });
    rmSync(join(logs.folder, first));
    const list = new List();
    await wal.drain(list);
    expect({ data: list.data, names: names(), pending: wal.pending }).toEqual({
      data: [{ id: 1 }],
      names: ["wal.file_taken_away"],
      pending: 0,
    });
  });

  it("with its folder is written anew", async () => {
    const wal = logs.open();
    await wal.append({ id: 0 });
    rmSync(logs.folder, { recursive: true });
    expect(await wal.append({ id: 1 })).toBe("disk");
  });
});

describe("a folder", () => {
  it.each([
    [
      "is a link",
      () => {
        mkdirSync(join(logs.root, "real"), { mode: 0o700 });
        symlinkSync(join(logs.root, "real"), logs.folder);
      },
    ],
    [
      "may be written by others",
      () => {
        mkdirSync(logs.folder);
        chmodSync(logs.folder, 0o777);
      },
    ],
    ["is a file", () => writeFileSync(logs.folder, "")],
  ])("that %s gets no record", async (_, make) => {
    make();
    const wal = logs.open();
    expect(await wal.append({ id: 0 })).toBe("memory");
    expect(logs.list(join(logs.root, "real"))).toEqual([]);
    expect(logs.telemetry.named("wal.disk_full_failopen")[0]?.payload["reason"]).toMatch(
      /must be a folder|EEXIST|ENOTDIR/,
    );
  });
});

describe("a file of a process that is gone", () => {
  it("is handed out once, by whoever claims it first, and removed", async () => {
    await logs.put(left(1), whole(record(1), record(2)));
    const [one, other] = [new List(), new List()];
    await Promise.all([logs.open().absorb(one), logs.open().absorb(other)]);
    expect([...one.data, ...other.data]).toEqual([record(1).data, record(2).data]);
    expect(logs.list()).toEqual([]);
    expect(logs.telemetry.value("baldur_wal_orphans_absorbed_total")).toBe(1);
    expect(logs.telemetry.named("wal.orphan_absorbed")[0]?.payload["entries"]).toBe(2);
    expect([...one.finishedIds, ...other.finishedIds]).toHaveLength(1);
  });

  it("comes before those that were begun later", async () => {
    for (const seconds of [30, 10, 20]) await logs.put(left(seconds), whole(record(seconds)));
    const list = new List();
    await logs.open().absorb(list);
    expect(list.taken.map(({ seq }) => seq)).toEqual([10, 20, 30]);
  });

  it("keeps its id when it is claimed again, by the same process or another one", async () => {
    const file = left(1);
    await logs.put(file, whole(record(1)));
    const list = new List();
    list.patience = 0;
    const wal = logs.open();
    await expect(wal.absorb(list)).rejects.toThrow("refused");
    expect(logs.list()).toEqual([expect.stringContaining(`${file}.claim-`)]);
    list.patience = 2;
    await wal.absorb(list);
    expect(list.finishedIds).toEqual([file.replace(".wal", "")]);
    const { digits } = new Identity(DEAD_PID).next();
    await logs.put(`${file}.claim-${digits}_${DEAD_PID}`, whole(record(2)));
    await wal.absorb(list);
    expect(list.finishedIds).toEqual([file, file].map((name) => name.replace(".wal", "")));
  });

  it("is another log's where its name says so", async () => {
    await logs.put(left(1, DEAD_PID, "other"), whole(record(1)));
    await logs.put("notes.wal", "");
    const list = new List();
    await logs.open().absorb(list);
    expect({ data: list.data, files: logs.list().length }).toEqual({ data: [], files: 2 });
  });

  it("may be torn or damaged; what is damaged is kept to be looked at", async () => {
    const bytes = whole(record(1), record(2), record(3));
    const damaged = Buffer.from(bytes);
    damaged[bytes.length - 20] = 0;
    await logs.put(left(1), bytes.subarray(0, bytes.length - 3));
    const file = left(2);
    await logs.put(file, damaged);
    const list = new List();
    await logs.open().absorb(list);
    expect(list.taken.map(({ seq }) => seq)).toEqual([1, 2, 1, 2]);
    expect(logs.list()).toEqual([`${file}.corrupt`]);
    expect(logs.telemetry.value("baldur_wal_corrupted_lines_total")).toBe(1);
    expect(logs.telemetry.named("wal.records_corrupt")[0]?.payload).toMatchObject({
      kept_as: join(logs.folder, `${file}.corrupt`),
      places: 1,
    });
    await logs.open().absorb(list);
    expect(list.taken).toHaveLength(4);
  });

  it("of another version is left alone and told once", async () => {
    const bytes = whole(record(1));
    bytes.writeUInt16BE(7, 4);
    await logs.put(left(1), bytes);
    const wal = logs.open();
    await wal.absorb(new List());
    await wal.absorb(new List());
    expect(names()).toEqual(["wal.version_unknown"]);
    expect(logs.list()).toHaveLength(1);
  });

  it("that is a link or a folder misleads nobody", async () => {
    await logs.put("real", whole(record(1)));
    symlinkSync(join(logs.folder, "real"), join(logs.folder, left(1)));
    mkdirSync(join(logs.folder, left(2)));
    const list = new List();
    await logs.open().absorb(list);
    expect({ data: list.data, names: new Set(names()) }).toEqual({
      data: [],
      names: new Set(["wal.file_unreadable"]),
    });
  });
});

describe("a file of a process that may live", () => {
  /** A process that lives: the one that runs jest. */
  const LIVING = process.ppid;

  it("is left alone, however old it is", async () => {
    const path = await logs.put(left(1, LIVING), whole(record(1)));
    utimesSync(path, 0, 0);
    const list = new List();
    await logs.open().absorb(list);
    expect(list.data).toEqual([]);
  });

  it("and that has the pid of a dead one is a dead one's: the start time tells", async () => {
    const [, name = ""] = /^(.*)_\d+\.wal$/.exec(left(1, DEAD_PID)) ?? [];
    const other = new Identity(LIVING).next().digits;
    const mine = name.replace(/-[0-9a-f]{24}/, `-${other.slice(0, 8)}00000001${other.slice(16)}`);
    await logs.put(`${mine}_${LIVING}.wal`, whole(record(1)));
    const list = new List();
    await logs.open().absorb(list);
    expect(list.data).toEqual([record(1).data]);
  });

  it.each([
    ["elsewhere", (digits: string) => `ffffffff${digits.slice(8)}`],
    [
      "on a platform that tells no start times",
      (digits: string) => `${digits.slice(0, 8)}00000000${digits.slice(16)}`,
    ],
  ])("%s is left behind when nothing touched it for five minutes", async (_, change) => {
    const digits = new Identity(LIVING).next().digits;
    const path = await logs.put(`test-${change(digits)}_20260101_000001_${LIVING}.wal`, whole(record(1)));
    const list = new List();
    await logs.open({ clock: wall() }).absorb(list);
    expect(list.data).toEqual([]);
    utimesSync(path, new Date(Date.now() - HOUR), new Date(Date.now() - HOUR));
    await logs.open({ clock: wall(299_000) }).absorb(list);
    expect(list.data).toEqual([]); // the time of change says when the times were set
    await logs.open({ clock: wall(301_000) }).absorb(list);
    expect(list.data).toEqual([record(1).data]);
  });

  it("is this process's own, of another log: left alone while that one gives heartbeats", async () => {
    await logs.open({ clock: wall() }).append({ id: 0 });
    const list = new List();
    await logs.open({ clock: wall() }).absorb(list);
    expect(list.data).toEqual([]);
    await logs.open({ clock: wall(301_000) }).absorb(list);
    expect(list.data).toEqual(ids(1));
  });

  it("and that has closed its log is for the next who looks", async () => {
    const wal = logs.open();
    await wal.append({ id: 0 });
    const [file = ""] = logs.list();
    await wal[Symbol.asyncDispose]();
    const list = new List();
    await logs.open().absorb(list);
    expect({ data: list.data, ids: list.finishedIds }).toEqual({
      data: ids(1),
      ids: [file.replace(".wal", "")],
    });
  });

  it("is touched by heartbeats", async () => {
    const wal = logs.open();
    await wal.append({ id: 0 });
    const path = join(logs.folder, logs.list()[0] as string);
    utimesSync(path, 0, 0);
    await wal.heartbeat();
    const { mtimeMs } = process.getBuiltinModule("node:fs").statSync(path);
    expect(mtimeMs).toBe(logs.clock.now());
  });

  it("is not written again after it was left alone for long: somebody may be reading it", async () => {
    const wal = logs.open();
    await wal.append({ id: 0 });
    logs.clock.set(logs.clock.now() + 200_000);
    await wal.append({ id: 1 });
    expect(logs.list()).toHaveLength(2);
    const list = new List();
    await wal.drain(list);
    expect(list.data).toEqual(ids(2));
  });
});
