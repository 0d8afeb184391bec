import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";

const CHILD = fileURLToPath(new URL("./child.mjs", import.meta.url));
const LICENSE = fileURLToPath(new URL("../../../../tooling/license/development.license", import.meta.url));
/** Kibibytes. */
const DISK = 3072;

jest.setTimeout(60_000);

let root: string;
let mounted: string | undefined;
let children: ChildProcess[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "baldur-faults-"));
  children = [];
});
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "close");
  }
  if (mounted !== undefined) spawnSync("umount", [mounted]);
  mounted = undefined;
  rmSync(root, { recursive: true, force: true });
});

interface Setup {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
}

function start(action: string, { args = [], env = {}, command = [] }: Setup = {}) {
  const [program, ...rest] = [...command, process.execPath, CHILD, root, action, ...args] as [
    string,
    ...string[],
  ];
  const child = spawn(program, rest, {
    env: {
      PATH: process.env["PATH"],
      HOME: root,
      BALDUR_LICENSE_FILE: LICENSE,
      BALDUR_DATA_DIR: join(root, "state"),
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  const out = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream]?.setEncoding("utf8").on("data", (text: string) => {
      out[stream] += text;
    });
  const said = (word: string) =>
    out.stdout
      .split("\n")
      .flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
  const ended = once(child, "close").then(([code, signal]) => code ?? signal);
  return { child, said, ended, stderr: () => out.stderr, stdout: () => out.stdout };
}

async function run(action: string, setup?: Setup) {
  const child = start(action, setup);
  const code: unknown = await child.ended;
  return { ...child, code, events: child.said("event").map(eventOf) };
}

function eventOf(line: string): { name: string; [fact: string]: unknown } {
  const at = line.indexOf(" ");
  return { name: line.slice(0, at), ...JSON.parse(line.slice(at + 1)) };
}

const spilled = () => readdirSync(join(root, "state", "dlq-spill"));
const idsIn = (words: readonly string[]) => words.map((line) => line.split(" ")[0]).sort();

describe("a process that ends by itself", () => {
  it("right after a capture leaves it to the next start, which takes it up once", async () => {
    const ended = await run("exit");
    expect({ code: ended.code, stderr: ended.stderr() }).toEqual({ code: 3, stderr: "" });
    expect(ended.events).toContainEqual(
      expect.objectContaining({
        name: "dlq_outbox.shutdown_emergency_dump",
        entries_dumped: 5,
        where: "spill",
      }),
    );
    expect(spilled()).toHaveLength(1);
    const next = await run("pickup");
    expect(new Set(next.said("has")).size).toBe(5);
    expect(next.events).toContainEqual(expect.objectContaining({ name: "dlq.spill_absorbed", entries: 5 }));
    expect(spilled()).toEqual([]);
    expect((await run("pickup")).said("has")).toEqual(next.said("has"));
  });

  it("while an entry is on its way has it once, in the store or from the spill file", async () => {
    const ended = await run("exit-in-flight");
    expect({ code: ended.code, stderr: ended.stderr() }).toEqual({ code: 3, stderr: "" });
    const next = await run("pickup");
    expect(next.said("has")).toHaveLength(4);
    expect(new Set(idsIn(next.said("has"))).size).toBe(4);
    expect((await run("pickup")).said("has")).toHaveLength(4);
  });
});

describe("a process that is told to end while its store does not answer", () => {
  async function term(deadline: number, ...more: string[]) {
    const env = { BALDUR_DLQ_OUTBOX_JOIN_TIMEOUT_SECONDS: "0.2" };
    const { child, said, ended, stderr, stdout } = start("term", { args: [String(deadline), ...more], env });
    while (!stdout().includes("ready")) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill("SIGTERM");
    expect({ code: await ended, stderr: stderr() }).toEqual({ code: 0, stderr: "" });
    const [report = "{}"] = said("report");
    return { report: JSON.parse(report), events: said("event").map(eventOf), first: idsIn(said("ack")) };
  }

  it("puts what waits into the spill file, and says that it did not end clean", async () => {
    const { report, events } = await term(2000);
    expect(report).toEqual({ clean: false, abandoned: ["@baldur/pro-dlq"], late: false });
    expect(events).toContainEqual(
      expect.objectContaining({
        name: "dlq_outbox.shutdown_emergency_dump",
        entries_dumped: 3,
        where: "spill",
      }),
    );
    expect((await run("pickup")).said("has")).toHaveLength(4);
  });

  it.each([
    ["has no time at all", 0, []],
    ["has less time than the store is given", 50, []],
    ["has a handler that does not end", 1000, ["replays"]],
  ])("loses nothing when it %s", async (_, deadline, more) => {
    const { report } = await term(deadline, ...more);
    expect(report).toEqual({
      clean: false,
      abandoned: expect.arrayContaining(["@baldur/pro-dlq"]),
      late: false,
    });
    expect((await run("pickup")).said("has")).toHaveLength(4);
  });
});

describe("a disk that takes nothing", () => {
  it("has entries written to the error stream when no folder is left, one line each, with one event", async () => {
    const file = join(root, "file");
    writeFileSync(file, "");
    const env = { BALDUR_DLQ_FALLBACK_PATH: join(file, "spill"), TMPDIR: join(file, "tmp") };
    const { code, events, said, stderr } = await run("stderr", { env });
    expect(code).toBe(0);
    const [ack = ""] = said("ack");
    expect(ack.split(" ")[1]).toBe("stderr");
    const lines = stderr().trimEnd().split("\n");
    expect(lines).toHaveLength(1);
    const lost = JSON.parse((lines[0] as string).replace("baldur.dlq.lost ", ""));
    expect(lost.body).toMatchObject({ id: ack.split(" ")[0], name: "work", requestData: { n: 1 } });
    const names = events.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["dlq.store_failed", "dlq.spill_failed"]));
    expect(names.filter((name) => name === "dlq.fallback_exhausted")).toHaveLength(1);
  });

  it("has entries go to the spill file on another one while it is full, and be taken up when it is not", async () => {
    const disk = join(root, "disk");
    mkdirSync(disk, { mode: 0o700 });
    const size = ["-t", "tmpfs", "-o", `size=${DISK}k,mode=700`, "tmpfs", disk];
    const { status, stderr } = spawnSync("mount", size, { encoding: "utf8" });
    if (status === 0) mounted = disk;
    else process.stdout.write(`no disk of its own for this test: ${stderr}\n`);
    const env = { BALDUR_DATA_DIR: join(disk, "state"), BALDUR_DLQ_FALLBACK_PATH: join(root, "spill") };
    const { code, said, events, ...child } = await run("disk", {
      env,
      args: [join(disk, "filler")],
      ...(status !== 0 && { command: LIMITED }),
    });
    expect(code).toBe(0);
    expect(child.stderr()).not.toContain("baldur.dlq.lost"); // the engine itself may have had its say
    const acknowledged = said("ack").map((line) => line.split(" "));
    const count = (where: string) => acknowledged.filter(([, to]) => to === where).length;
    expect(count("store")).toBeGreaterThan(5);
    expect(count("spill")).toBeGreaterThan(5);
    expect(count("stderr")).toBe(0);
    expect(said("listed")).toEqual([String(count("store")), String(acknowledged.length)]);
    const names = events.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(["dlq.store_failed", "dlq.entries_spilled", "dlq.spill_absorbed"]),
    );
    const after = await run("pickup", { env });
    expect(idsIn(after.said("has"))).toEqual(acknowledged.map(([id]) => id).sort());
  });
});

/** Blocks of 512 bytes. */
const LIMITED = ["sh", "-c", `ulimit -f ${DISK}; exec "$0" "$@"`];
