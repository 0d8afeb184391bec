import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { Bundle } from "../bundle.js";

jest.setTimeout(60_000);

let bundle: Bundle;
let folder: string;
let children: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "baldur-signals-"));
  bundle = await Bundle.of(
    new URL("../../src/index.ts", import.meta.url),
    new URL("../../src/plugin.ts", import.meta.url),
  );
});
afterAll(async () => {
  bundle[Symbol.dispose]();
  await rm(folder, { recursive: true, force: true });
});
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }
  children = [];
});

/** What every child has: a way to say something, and an application that answers slowly when it is told to. */
const PRELUDE = `
const { createServer } = require("node:http");
const { createBaldur, init, register, shutdown } = require(process.argv[2]);
const say = (...words) => process.stdout.write(words.join(" ") + "\\n");
const counts = () => ["SIGTERM", "SIGINT"].map((signal) => process.listenerCount(signal)).join();
const own = { discover: false, logger: { debug() {}, info() {}, warn() {}, error() {} } };
const report = (baldur) => {
  baldur.telemetry.subscribe(({ name, payload }) => {
    if (/^shutdown\\.(signal_received|drain_started|drain_timeout|worker_exit_completed|exit_forced)$/.test(name))
      say(name, JSON.stringify(payload));
  });
  return baldur;
};
/** Answers /slow when told to on its input, everything else at once, and refuses in a drain as adapters do. */
const serve = (baldur) => {
  let slow = [];
  process.stdin.on("data", () => slow.splice(0).forEach((answer) => answer()));
  process.stdin.unref?.();
  const server = createServer(async (request, response) => {
    if (request.url === "/ready") {
      const { ready, phase } = await baldur.health.ready();
      return response.writeHead(ready ? 200 : 503).end(phase);
    }
    if (request.url === "/live") return response.end("alive");
    const { lifecycle } = baldur;
    const admission = lifecycle.admit();
    if (admission === undefined)
      return response.writeHead(503, { "retry-after": lifecycle.retryAfter, connection: "close" }).end("draining");
    response.on("close", () => admission.end());
    if (request.url === "/slow") {
      response.write("begun ");
      say("slow begun");
      return slow.push(() => response.end("ended"));
    }
    response.end("ok");
  });
  server.listen(0, "127.0.0.1", () => say("port", server.address().port));
};
`;

interface Child {
  readonly process: ChildProcess;
  readonly lines: string[];
  /** The rest of the first line that begins so. */
  heard(beginning: string): Promise<string>;
  /** How it ended. */
  readonly exited: Promise<readonly [code: number | null, signal: string | null]>;
}

let scripts = 0;

async function start(script: string, env: Record<string, string> = {}): Promise<Child> {
  const file = join(folder, `child-${++scripts}.cjs`);
  await writeFile(file, `${PRELUDE}\n(async () => {${script}\n})();`);
  const child = spawn(process.execPath, [file, bundle.path], {
    cwd: folder,
    env: { PATH: process.env["PATH"], HOME: folder, ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  children.push(child);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  const exited = once(child, "close") as Promise<[number | null, string | null]>;
  const heard = async (beginning: string): Promise<string> => {
    const line = await eventually(
      () => lines.find((one) => one.startsWith(beginning)),
      `${beginning} in ${lines}`,
    );
    return line.slice(beginning.length).trim();
  };
  return { process: child, lines, heard, exited };
}

async function eventually<T>(what: () => T | undefined, said: string): Promise<T> {
  for (const deadline = Date.now() + 30_000; ; ) {
    const answer = what();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`not heard: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("SIGTERM", () => {
  it("lets a slow request end, refuses what comes meanwhile, and ends the process as the signal does", async () => {
    const child = await start(`serve(report(await init(own)));`);
    const url = `http://127.0.0.1:${await child.heard("port")}`;
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    const slow = fetch(`${url}/slow`).then((response) => response.text());
    await child.heard("slow begun");
    child.process.kill("SIGTERM");
    expect(JSON.parse(await child.heard("shutdown.signal_received"))).toEqual({
      signal: "SIGTERM",
      exits: true,
    });
    const [ready, live, late] = await Promise.all(["/ready", "/live", "/x"].map((path) => fetch(url + path)));
    expect([ready?.status, await ready?.text()]).toEqual([503, "draining"]);
    expect(live?.status).toBe(200);
    expect(late?.status).toBe(503);
    expect(Number(late?.headers.get("retry-after"))).toBeGreaterThan(20);
    expect(child.process.exitCode).toBeNull();
    child.process.stdin?.write("go\n");
    expect(await slow).toBe("begun ended");
    expect(await child.exited).toEqual([null, "SIGTERM"]);
    const report = JSON.parse(await child.heard("shutdown.worker_exit_completed"));
    expect(report).toMatchObject({ clean: true, drained: 1, abandoned: [] });
  });

  it("waits no longer than the drain timeout, and says what it left", async () => {
    const env = { BALDUR_RECOVERY_SHUTDOWN_DEFAULT_DRAIN_TIMEOUT_SECONDS: "5" };
    const child = await start(`serve(report(await init(own)));`, env);
    const slow = fetch(`http://127.0.0.1:${await child.heard("port")}/slow`)
      .then((response) => response.text())
      .catch(() => "cut off");
    await child.heard("slow begun");
    child.process.kill("SIGTERM");
    expect(await child.exited).toEqual([null, "SIGTERM"]);
    expect(await slow).toBe("cut off");
    const told = JSON.parse(await child.heard("shutdown.drain_timeout"));
    expect(told).toMatchObject({ pending: 1, abandoned: ["1 requests"] });
    expect(told.duration).toBeGreaterThanOrEqual(5000);
  });

  it("is answered by a whole drain, even where nothing else keeps the process alive any more", async () => {
    const child = await start(`
      const baldur = report(await init(own));
      const admission = baldur.lifecycle.admit();
      const alive = setInterval(() => undefined, 1000);
      baldur.lifecycle.onShutdown({ name: "last", onShutdownStart: () => {
        clearInterval(alive);
        setTimeout(() => admission.end(), 300).unref();
      } });
      say("ready");`);
    await child.heard("ready");
    child.process.kill("SIGTERM");
    expect(await child.exited).toEqual([null, "SIGTERM"]);
    expect(JSON.parse(await child.heard("shutdown.worker_exit_completed"))).toMatchObject({ clean: true });
  });

  it("begins to drain although the application is closing already, and still ends the process", async () => {
    const child = await start(`
      const baldur = report(await init(own));
      const admission = baldur.lifecycle.admit();
      setInterval(() => undefined, 1000);
      void shutdown();
      process.stdin.once("data", () => admission.end());
      say("ready");`);
    await child.heard("ready");
    child.process.kill("SIGTERM");
    await child.heard("shutdown.signal_received");
    child.process.stdin?.write("go\n");
    expect(await child.exited).toEqual([null, "SIGTERM"]);
    expect(child.lines.filter((line) => line.startsWith("shutdown.drain_started"))).toHaveLength(1);
  });
});

describe("SIGINT", () => {
  it("is treated alike, so that a shell sees what it is used to", async () => {
    const child = await start(`report(await init(own)); setInterval(() => undefined, 1000); say("ready");`);
    await child.heard("ready");
    child.process.kill("SIGINT");
    expect(await child.exited).toEqual([null, "SIGINT"]);
    expect(JSON.parse(await child.heard("shutdown.drain_started"))).toMatchObject({ reason: "SIGINT" });
  });
});

describe("the second signal", () => {
  it.each([
    ["SIGTERM", "SIGTERM", 143],
    ["SIGTERM", "SIGINT", 130],
  ] as const)("%s, then %s: ends the process at once", async (first, second, code) => {
    const child = await start(`serve(report(await init(own)));`);
    const slow = fetch(`http://127.0.0.1:${await child.heard("port")}/slow`).then((response) =>
      response.text(),
    );
    slow.catch(() => undefined);
    await child.heard("slow begun");
    child.process.kill(first);
    await child.heard("shutdown.drain_started");
    child.process.kill(second);
    expect(await child.exited).toEqual([code, null]);
    await expect(slow).rejects.toThrow();
    expect(await child.heard("shutdown.exit_forced")).toContain("came again");
  });
});

describe("an application that listens itself", () => {
  it.each(["on", "once"])("process.%s: hears the signal, and ends the process itself", async (method) => {
    const child = await start(`
      process.${method}("SIGTERM", () => say("host heard"));
      const baldur = report(await init(own));
      process.stdin.once("data", () => process.exit(3));
      setInterval(() => say("phase", baldur.lifecycle.phase), 20);
      say("ready");`);
    await child.heard("ready");
    child.process.kill("SIGTERM");
    await child.heard("host heard");
    expect(JSON.parse(await child.heard("shutdown.signal_received"))).toMatchObject({ exits: false });
    await child.heard("phase terminated");
    expect(child.process.exitCode ?? child.process.signalCode).toBeNull();
    child.process.stdin?.write("go\n");
    expect(await child.exited).toEqual([3, null]);
  });

  it("hears every signal, and Baldur ends nothing on the second one", async () => {
    const child = await start(`
      let heard = 0;
      process.on("SIGTERM", () => say("host heard", ++heard));
      const baldur = report(await init(own));
      baldur.lifecycle.admit();
      process.stdin.once("data", () => process.exit(3));
      say("ready");`);
    await child.heard("ready");
    child.process.kill("SIGTERM");
    await child.heard("host heard 1");
    child.process.kill("SIGTERM");
    await child.heard("host heard 2");
    child.process.stdin?.write("go\n");
    expect(await child.exited).toEqual([3, null]);
  });
});

describe("listeners", () => {
  it("are there for init() alone, once however often it is called, until the runtime is closed", async () => {
    const child = await start(`
      say("made", (createBaldur(own), counts()));
      await createBaldur(own).start();
      say("started", counts());
      await Promise.all([init(own), init(own)]);
      await init(own);
      say("init", counts());
      await shutdown();
      say("closed", counts());
      await init(own);
      say("again", counts());
      await shutdown();
      await init({ ...own, signals: false });
      say("without", counts());
      await shutdown();
      await createBaldur({ ...own, signals: true }).start();
      say("asked", counts());
      process.exit(0);`);
    expect(await child.exited).toEqual([0, null]);
    const said = [
      "made 0,0",
      "started 0,0",
      "init 1,1",
      "closed 0,0",
      "again 1,1",
      "without 0,0",
      "asked 1,1",
    ];
    expect(child.lines).toEqual(said);
  });

  it("are not there for registered plugins until the application calls init()", async () => {
    const child = await start(
      `
      let runtime, adopted = 0;
      const acme = { name: "acme", register: (context) => {
        runtime = context;
        context.on("baldur.runtime_adopted", () => adopted++);
      } };
      await register(() => [acme]);
      say("registered", counts(), runtime.isDefault(), adopted);
      await init();
      say("adopted", counts(), runtime.isDefault(), adopted);
      process.exit(0);`,
      { BALDUR_PLUGINS: "none" },
    );
    expect(await child.exited).toEqual([0, null]);
    expect(child.lines).toEqual(["registered 0,0 false 0", "adopted 1,1 true 1"]);
  });

  it("are not there in a worker thread, which hears no signals", async () => {
    const child = await start(`
      const { Worker, isMainThread, parentPort } = require("node:worker_threads");
      const source = "const { init } = require(" + JSON.stringify(process.argv[2]) + ");" +
        "init({ discover: false }).then(async (baldur) => { const n = process.listenerCount('SIGTERM'); await baldur.close(); require('node:worker_threads').parentPort.postMessage(n); });";
      new Worker(source, { eval: true }).on("message", (n) => say("listeners", n));`);
    expect(await child.exited).toEqual([0, null]);
    expect(child.lines).toEqual(["listeners 0"]);
  });

  it("of two runtimes drain both before the process ends", async () => {
    const child = await start(`
      const one = report(await init(own));
      const two = report(await createBaldur({ ...own, signals: true }).start());
      const admission = two.lifecycle.admit();
      process.stdin.once("data", () => admission.end());
      setInterval(() => say("phases", one.lifecycle.phase, two.lifecycle.phase), 10);
      say("ready");`);
    await child.heard("ready");
    child.process.kill("SIGTERM");
    await child.heard("phases terminated draining");
    expect(child.process.exitCode ?? child.process.signalCode).toBeNull();
    child.process.stdin?.write("go\n");
    expect(await child.exited).toEqual([null, "SIGTERM"]);
    expect(child.lines.filter((line) => line.startsWith("shutdown.worker_exit_completed"))).toHaveLength(2);
  });
});

describe("the dead man", () => {
  it("ends a process that outlives its signal after five seconds", async () => {
    const child = await start(`
      report(await init(own));
      process.kill = () => { say("killed", Date.now()); return true; };
      setInterval(() => undefined, 1000);
      process.on("exit", () => say("exit", Date.now()));
      say("ready");`);
    await child.heard("ready");
    child.process.kill("SIGTERM");
    expect(await child.exited).toEqual([143, null]);
    const [killed, exit] = [Number(await child.heard("killed")), Number(await child.heard("exit"))];
    expect(exit - killed).toBeGreaterThanOrEqual(4990);
    expect(await child.heard("shutdown.exit_forced")).toContain("outlived");
  });

  it("does not wait in the first process of a container, which no signal ends that it does not listen to", async () => {
    const child = await start(`
      report(await init(own));
      process.kill = () => say("killed");
      setInterval(() => undefined, 1000);
      Object.defineProperty(process, "pid", { value: 1 });
      say("ready");`);
    await child.heard("ready");
    child.process.kill("SIGTERM");
    expect(await child.exited).toEqual([143, null]);
    expect(child.lines.filter((line) => /^killed|exit_forced/.test(line))).toEqual([]);
  });
});
