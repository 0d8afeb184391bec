import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { Baldur } from "../../src/api.js";
import { createBaldur } from "../../src/baldur.js";
import { SILENT } from "../runtime.js";

const CORE = new URL("../../dist/index.js", import.meta.url).href;
const DEADLINE = 5000;
const OPS = { actor: "ops", reason: "incident 7" };

/** Says what it sees of the switch, and how long after the write of the file; obeys lines of `disable` and `enable`. */
const SCRIPT = `
import { statSync } from "node:fs";
import { createInterface } from "node:readline";
import { createBaldur } from ${JSON.stringify(CORE)};
const quiet = () => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const baldur = await createBaldur({ discover: false, logger }).start();
let seen = baldur.control.enabled;
const file = process.env.BALDUR_SYSTEM_CONTROL_DIR + "/system_control.json";
const say = (line) => process.stdout.write(JSON.stringify(line) + "\\n");
say({ ready: seen });
setInterval(() => {
  if (baldur.control.enabled === seen) return;
  seen = baldur.control.enabled;
  say({ enabled: seen, delay: Date.now() - statSync(file, { throwIfNoEntry: false })?.mtimeMs });
}, 5);
createInterface({ input: process.stdin }).on("line", async (action) => {
  const state = await baldur.control[action]({ actor: "child " + process.pid, reason: "told so" });
  say({ did: action, persisted: state.persisted });
});
`;

type Line = { ready?: boolean; enabled?: boolean; delay?: number; did?: string; persisted?: boolean };

let root: string;
let dir: string;
let children: ChildProcess[];
let runtimes: Baldur[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "baldur-control-"));
  dir = join(root, "control");
  await writeFile(join(root, "child.mjs"), SCRIPT);
  [children, runtimes] = [[], []];
});
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  for (const runtime of runtimes) await runtime.close();
  await rm(root, { recursive: true, force: true });
});

function runtime(): Baldur {
  const env = { BALDUR_SYSTEM_CONTROL_DIR: dir };
  const made = createBaldur({ discover: false, env, logger: SILENT });
  runtimes.push(made);
  return made;
}

function child() {
  const env = { PATH: process.env["PATH"], BALDUR_SYSTEM_CONTROL_DIR: dir };
  const made = spawn(process.execPath, [join(root, "child.mjs")], {
    env,
    stdio: ["pipe", "pipe", "inherit"],
  });
  children.push(made);
  const lines: Line[] = [];
  createInterface({ input: made.stdout }).on("line", (line) => lines.push(JSON.parse(line) as Line));
  return { process: made, lines, tell: (action: string) => made.stdin.write(`${action}\n`) };
}

/** The answer, once there is one. */
async function eventually<T>(what: () => T | undefined | false): Promise<T> {
  const deadline = Date.now() + DEADLINE;
  for (;;) {
    const answer = what();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`not within ${DEADLINE} ms: ${what.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

jest.setTimeout(30_000);

describe("a kill switch in a file", () => {
  it("#43.5 a kill switch flipped in another process is seen within one second", async () => {
    const { lines } = child();
    await eventually(() => lines.find(({ ready }) => ready === true));
    const control = runtime().control;
    for (const enabled of [false, true, false]) {
      const known = lines.length;
      await (enabled ? control.enable(OPS) : control.disable(OPS));
      const noticed = await eventually(() => lines[known]);
      expect(noticed.enabled).toBe(enabled);
      expect(noticed.delay).toBeLessThanOrEqual(1000);
    }
  });

  it("outlives the process that turned it off, and its own restart", async () => {
    const { process: first, lines, tell } = child();
    await eventually(() => lines.find(({ ready }) => ready === true));
    tell("disable");
    await eventually(() => lines.find(({ did }) => did === "disable"));
    first.kill("SIGKILL");
    await once(first, "exit");
    const second = child();
    await expect(eventually(() => second.lines[0])).resolves.toEqual({ ready: false });
    await expect(runtime().control.state()).resolves.toMatchObject({
      enabled: false,
      disabled: { by: `child ${first.pid}`, reason: "told so" },
    });
  });

  it("converges when two processes turn it at once, and loses no change", async () => {
    const both = [child(), child()];
    for (const { lines } of both) await eventually(() => lines.find(({ ready }) => ready));
    for (let n = 0; n < 10; n++) for (const { tell } of both) tell(n % 2 === 0 ? "disable" : "enable");
    for (const { lines } of both)
      await eventually(() => lines.filter(({ did }) => did !== undefined).length === 10);
    const done = both.flatMap(({ lines }) => lines.filter(({ did }) => did !== undefined));
    expect(done.every(({ persisted }) => persisted)).toBe(true);
    const { version, enabled } = await runtime().control.state();
    expect(version).toBeGreaterThan(0);
    expect(version).toBeLessThanOrEqual(20);
    const last = ({ lines }: { lines: Line[] }) =>
      lines.filter((line) => line.enabled !== undefined).at(-1)?.enabled;
    await eventually(() => both.every((one) => (last(one) ?? true) === enabled));
    await expect(readdir(dir)).resolves.toEqual(["system_control.json"]);
  });

  it("is not written by a process that only starts", async () => {
    const { lines } = child();
    await eventually(() => lines.find(({ ready }) => ready === true));
    await expect(stat(dir)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("two runtimes on one folder", () => {
  it("agree after changing the state at once", async () => {
    const [first, second] = [runtime().control, runtime().control];
    const changes = [
      first.disable(OPS),
      second.enableDryRun(OPS),
      second.disable({ actor: "b", reason: "other" }),
    ];
    const states = await Promise.all(changes);
    expect(states.every(({ persisted }) => persisted)).toBe(true);
    const after = await Promise.all([first.state(), second.state()]);
    expect(after[0]).toEqual(after[1]);
    expect(after[0]).toMatchObject({ enabled: false, dryRun: true, persisted: true });
  });

  it("do not share a switch when their folders differ", async () => {
    await runtime().control.disable(OPS);
    dir = join(root, "other");
    await expect(runtime().control.state()).resolves.toMatchObject({ enabled: true, version: 0 });
  });
});
