import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Bundle } from "@baldur/core/test/bundle.js";
import { type RedisServer, startFaultProxy, startRedis } from "@baldur/services";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { until } from "../fixture.js";

const CHILD = fileURLToPath(new URL("./child.mjs", import.meta.url));
const CORE = "../../../core/src";
const MODULES = [
  "../../src/open.ts",
  "../../src/settings.ts",
  `${CORE}/storage/open.ts`,
  `${CORE}/storage/settings.ts`,
  `${CORE}/telemetry/telemetry.ts`,
  `${CORE}/clock.ts`,
];
const WORKERS = 4;
/** Large counts in a soak. */
const runs = (usual: number): number => (process.env["BALDUR_SOAK"] === "1" ? usual * 20 : usual);

jest.setTimeout(120_000 + runs(1) * 30_000);

let bundle: Bundle;
let server: RedisServer;
let folder: string;
let fleet: Fleet;

beforeAll(async () => {
  bundle = await Bundle.of(...MODULES.map((module) => new URL(module, import.meta.url)));
  server = await startRedis({ persistence: true });
});
afterAll(async () => {
  await server.stop();
  bundle[Symbol.dispose]();
});
beforeEach(async () => {
  await server.command("FLUSHALL");
  folder = mkdtempSync(join(tmpdir(), "baldur-counting-"));
  fleet = new Fleet();
});
afterEach(async () => {
  await fleet[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

class Worker {
  readonly #lines: string[] = [];
  readonly #ended: Promise<unknown>;

  constructor(
    private readonly child: ChildProcess,
    readonly name: string,
  ) {
    this.#ended = once(child, "close");
    if (child.stdout !== null)
      createInterface({ input: child.stdout }).on("line", (line) => this.#lines.push(line));
  }

  /** Resolves when it has said the line since it was asked. */
  async does(order: string, answer: string): Promise<void> {
    const from = this.#lines.length;
    this.child.stdin?.write(`${order}\n`);
    await until(`${this.name}: ${answer}`, () => this.#lines.indexOf(answer, from) >= 0);
  }

  said(line: string): Promise<void> {
    return until(`${this.name}: ${line}`, () => this.#lines.includes(line));
  }

  async is(mode: string): Promise<boolean> {
    const from = this.#lines.length;
    this.child.stdin?.write("mode\n");
    await until("a mode", () => this.#lines.slice(from).some((line) => line.startsWith("mode ")));
    return this.#lines.slice(from).includes(`mode ${mode}`);
  }

  /** How many it has, however it ended. */
  tally(what: "began" | "counted"): number {
    return statSync(join(folder, `${this.name}.${what}`), { throwIfNoEntry: false })?.size ?? 0;
  }

  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.#ended;
  }
}

/** All processes that ever counted. */
class Fleet implements AsyncDisposable {
  url: string = server.url;
  readonly all: Worker[] = [];

  async start(count: number = WORKERS): Promise<Worker[]> {
    const started = Array.from({ length: count }, () => this.#begin());
    await Promise.all(started.map((worker) => worker.said("ready")));
    return started;
  }

  tally(what: "began" | "counted"): number {
    return this.all.reduce((sum, worker) => sum + worker.tally(what), 0);
  }

  /** Resolves when each of these has counted so many more. */
  async more(count: number, workers: readonly Worker[]): Promise<void> {
    const ends = workers.map((worker) => worker.tally("counted") + count);
    await until(`${count} more`, () =>
      workers.every((worker, at) => worker.tally("counted") >= (ends[at] as number)),
    );
  }

  #begin(): Worker {
    const name = `worker-${this.all.length}`;
    const args = [CHILD, bundle.path, this.url, folder, name];
    const worker = new Worker(spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] }), name);
    this.all.push(worker);
    return worker;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.all) await worker.kill();
  }
}

const each = (workers: readonly Worker[], order: string, answer: string) =>
  Promise.all(workers.map((worker) => worker.does(order, answer)));
const go = (workers: readonly Worker[]) => each(workers, "go", "going");
const stop = (workers: readonly Worker[]) => each(workers, "stop", "stopped");
const are = async (mode: string, workers: readonly Worker[]) => {
  for (const worker of workers) await until(`${worker.name} is ${mode}`, () => worker.is(mode));
};
const logs = () => {
  const wal = join(folder, "wal");
  return existsSync(wal) ? readdirSync(wal) : [];
};
const counted = async () => Number(await server.command("GET", "baldur:state:{stats}:count"));

describe("processes that count together", () => {
  it("lose nothing and count nothing twice while Redis is killed under them", async () => {
    const workers = await fleet.start();
    await go(workers);
    for (let round = 0; round < runs(2); round++) {
      await fleet.more(200, workers);
      await server.kill();
      await are("degraded", workers);
      await fleet.more(200, workers);
      await server.restart();
      await are("normal", workers);
    }
    await stop(workers);
    expect(await counted()).toBe(fleet.tally("counted"));
    expect(logs()).toEqual([]);
  });

  it("bring back what was counted since Redis went, where it comes back without its data", async () => {
    const workers = await fleet.start();
    await go(workers);
    await fleet.more(200, workers);
    await stop(workers);
    const before = fleet.tally("counted");
    await server.kill();
    await are("degraded", workers);
    await go(workers);
    await fleet.more(200, workers);
    await stop(workers);
    await server.restart({ keepData: false });
    await are("normal", workers);
    expect(await counted()).toBe(fleet.tally("counted") - before);
  });

  it("are killed amid their recovery, again and again, and the count is exact", async () => {
    const proxy = await startFaultProxy(server);
    fleet.url = proxy.url("redis");
    for (let round = 0; round < runs(1); round++) {
      let workers = await fleet.start();
      await are("normal", workers);
      await server.kill();
      await are("degraded", workers);
      await go(workers);
      await fleet.more(4000, workers);
      await stop(workers); // so that what was acknowledged is all there is
      await proxy.fault("latency", { ms: 50 }); // each of many steps takes a while
      await server.restart();
      for (let wave = 0; wave < 3; wave++) {
        const before = await counted();
        await until("some was brought", async () => (await counted()) > before);
        await Promise.all(workers.map(async (one) => (await sleep(Math.random() * 100), one.kill())));
        expect(await counted()).toBeLessThan(fleet.tally("counted"));
        workers = await fleet.start();
      }
      await proxy.heal();
      await until("every log was taken up", () => logs().length === 0);
      await are("normal", workers);
      expect(await counted()).toBe(fleet.tally("counted"));
      await Promise.all(workers.map((worker) => worker.kill()));
    }
    await proxy.stop();
  });

  it("are killed while they count and Redis comes and goes: nothing acknowledged is lost", async () => {
    let workers = await fleet.start();
    await go(workers);
    for (let round = 0; round < runs(3); round++) {
      await fleet.more(100, workers);
      await server.kill();
      await sleep(Math.random() * 300);
      await Promise.all(workers.slice(0, 2).map((worker) => worker.kill()));
      await fleet.more(100, workers.slice(2));
      await server.restart();
      const heirs = await fleet.start(2);
      await go(heirs);
      workers = [...workers.slice(2), ...heirs];
    }
    await fleet.more(100, workers);
    await stop(workers);
    await are("normal", workers);
    // Logs of the killed are taken up by who starts, or within a minute.
    await fleet.start(1);
    await until("every log was taken up", () => logs().length === 0);
    const count = await counted();
    expect(count).toBeGreaterThanOrEqual(fleet.tally("counted"));
    // What was begun and not acknowledged when its process was killed may be counted or not.
    expect(count).toBeLessThanOrEqual(fleet.tally("began"));
  });
});
