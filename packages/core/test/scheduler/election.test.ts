import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { hotClock } from "../../src/clock.js";
import { HostLock } from "../../src/scheduler/host-lock.js";
import { Bundle } from "../bundle.js";

jest.setTimeout(90_000);

const TTL = 30_000;
const FILE = "scheduler.lock";

let root: string;
let folder: string;
let bundle: Bundle;
let children: ChildProcess[] = [];

beforeAll(async () => {
  bundle = await Bundle.of(new URL("../../src/index.ts", import.meta.url));
});
afterAll(() => bundle[Symbol.dispose]());
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "baldur-election-"));
  folder = join(root, "locks");
});
afterEach(async () => {
  for (const child of children) await kill(child);
  children = [];
  await rm(root, { recursive: true, force: true });
});

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

const lock = (ttl = TTL): HostLock =>
  new HostLock({ folder: () => folder, name: FILE, clock: hotClock(), ttl });

async function put(text: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, FILE), text);
}

const holder = (pid: number, start: number, host = hostname()): string =>
  JSON.stringify([pid, start, host, "token"]);

async function eventually<T>(what: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  for (const deadline = Date.now() + 60_000; ; ) {
    const answer = await what();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`not within a minute: ${what.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A process that has ended. */
function deadPid(): number {
  return spawnSync(process.execPath, ["-e", ""]).pid;
}

describe("the lock of a host", () => {
  it("is held by one of those who want it at once, and by the next when it is given back", async () => {
    const all = Array.from({ length: 10 }, () => lock());
    const won = await Promise.all(all.map((one) => one.acquire()));
    expect(won.filter(Boolean)).toHaveLength(1);
    const winner = all[won.indexOf(true)] as HostLock;
    expect(await winner.renew()).toBe(true);
    expect(await winner.acquire()).toBe(true);
    const other = all[won.indexOf(false)] as HostLock;
    await other.release();
    expect(await other.renew()).toBe(false);
    expect(await winner.renew()).toBe(true);
    await winner.release();
    expect(await other.acquire()).toBe(true);
    expect(await winner.renew()).toBe(false);
    expect(await readdir(folder)).toEqual([FILE]);
  });

  it("of a process of this host that has ended is free at once", async () => {
    await put(holder(deadPid(), 1));
    expect(await lock().acquire()).toBe(true);
  });

  it("of this very number, but of a process before this one, is free at once", async () => {
    await put(holder(process.pid, 1));
    expect(await lock().acquire()).toBe(true);
  });

  it.each([
    ["a process that lives", () => holder(process.ppid, 1)],
    ["a process of another host, whose numbers mean nothing here", () => holder(deadPid(), 1, "elsewhere")],
    ["somebody who is writing it", () => "[12"],
    ["somebody who writes something else", () => "{}"],
  ])("of %s is held until it was silent for the time of a lease", async (_, text) => {
    await put(text());
    const [patient, hasty] = [lock(), lock(50)];
    expect(await patient.acquire()).toBe(false);
    expect(await hasty.acquire()).toBe(false);
    await eventually(() => hasty.acquire());
    expect(await patient.acquire()).toBe(false);
  });

  it("is kept by who touches it, however long", async () => {
    await put(holder(process.ppid, 1));
    const other = lock(500);
    for (let n = 0; n < 20; n++) {
      await utimes(join(folder, FILE), n, n);
      expect(await other.acquire()).toBe(false);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });

  it("that somebody removes is lost, and can be had again", async () => {
    const one = lock();
    await one.acquire();
    await rm(folder, { recursive: true });
    expect(await one.renew()).toBe(false);
    expect(await one.acquire()).toBe(true);
  });

  it("says who holds it", async () => {
    await lock().acquire();
    const [pid, start, host] = JSON.parse(await readFile(join(folder, FILE), "utf8")) as unknown[];
    expect([pid, host]).toEqual([process.pid, hostname()]);
    expect(Math.abs(Number(start) - (Date.now() - process.uptime() * 1000))).toBeLessThan(60_000);
  });

  it("cannot be had where its folder cannot be made, which is an error", async () => {
    const nowhere = new HostLock({ folder: () => "/dev/null/x", name: FILE, clock: hotClock(), ttl: TTL });
    await expect(nowhere.acquire()).rejects.toMatchObject({ code: "ERR_BALDUR_ADAPTER" });
  });
});

/** Says whenever its job runs, and whether it leads. */
const SCRIPT = `
const { init } = require(process.argv[2]);
(async () => {
  const quiet = () => undefined;
  const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  const baldur = await init({ discover: false, logger });
  baldur.scheduler.add({ name: "tick", every: 100, run: () => process.stdout.write("ran " + Date.now() + "\\n") });
  setInterval(() => undefined, 1000);
  process.stdout.write("ready\\n");
})();
`;

interface Member {
  readonly process: ChildProcess;
  readonly ran: number[];
}

async function member(): Promise<Member> {
  await writeFile(join(root, "member.cjs"), SCRIPT);
  const env = {
    PATH: process.env["PATH"],
    BALDUR_DATA_DIR: join(root, "data"),
    BALDUR_LEADER_ELECTION_LEASE_TTL_SECONDS: "5",
    BALDUR_LEADER_ELECTION_RETRY_INTERVAL_SECONDS: "0.2",
    BALDUR_SUPPRESS_UNKNOWN_ENV_WARNING: "true",
  };
  const child = spawn(process.execPath, [join(root, "member.cjs"), bundle.path], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  await eventually(() => lines.includes("ready"));
  return {
    process: child,
    get ran() {
      return lines.filter((line) => line.startsWith("ran ")).map((line) => Number(line.slice(4)));
    },
  };
}

const leaderOf = (members: Member[]): Promise<Member> =>
  eventually(() => members.find(({ ran }) => ran.length > 0));

describe("the processes of a host", () => {
  it("run a job in one of them, and in another when that one is killed or leaves", async () => {
    const members = await Promise.all([member(), member(), member()]);
    const first = await leaderOf(members);
    await eventually(() => first.ran.length >= 5);
    const others = members.filter((one) => one !== first);
    expect(others.flatMap(({ ran }) => ran)).toEqual([]);
    const before = Date.now();
    await kill(first.process);
    const second = await leaderOf(others);
    expect((second.ran[0] as number) - before).toBeLessThan(5000); // no lease was waited for: its process is known to be gone
    const last = others.filter((one) => one !== second);
    second.process.kill("SIGTERM");
    await once(second.process, "exit");
    await leaderOf(last);
  });

  it("go on without one that is stopped, and that one knows it when it goes on", async () => {
    const members = await Promise.all([member(), member()]);
    const first = await leaderOf(members);
    const [other] = members.filter((one) => one !== first) as [Member];
    first.process.kill("SIGSTOP");
    await eventually(() => other.ran.length > 0);
    const ranBefore = first.ran.length;
    first.process.kill("SIGCONT");
    const known = other.ran.length;
    await eventually(() => other.ran.length > known + 10);
    // One timer of the old leader may have been due; it asks whether it leads before it runs anything.
    expect(first.ran.length).toBe(ranBefore);
  });

  it("leave no lock behind when they end as they should", async () => {
    const one = await member();
    await leaderOf([one]);
    one.process.kill("SIGTERM");
    await once(one.process, "exit");
    expect(await readdir(join(root, "data", "locks"))).toEqual([]);
  });
});
