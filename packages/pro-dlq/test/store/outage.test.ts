import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Baldur, createBaldur } from "@baldur/core";
import type { Plugin } from "@baldur/core/plugin";
import { postgres } from "@baldur/postgres";
import { redis } from "@baldur/redis";
import { type Server, startPostgres, startRedis } from "@baldur/services";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { dlq, getDlq } from "../../src/plugin.js";
import { SILENT } from "../queue/runtime.js";
import { hurriedClock } from "./hurried.js";

jest.setTimeout(60_000);

const NAME = "work";
/** Times as fast as the clock on the wall: pauses and probes take seconds. */
const HURRY = 10;
const DEADLINE = 30_000;

interface Subject {
  readonly name: string;
  /** A server that has what it acknowledged when it is started again. */
  start(): Promise<Server>;
  plugin(url: string): Plugin;
}

const SUBJECTS: Subject[] = [
  {
    name: "Postgres",
    start: () => startPostgres({ settings: { fsync: "off" } }),
    plugin: (url) => postgres({ dsn: url, connectTimeout: 5000 }),
  },
  {
    name: "Redis",
    start: () => startRedis({ settings: { appendonly: "yes" } }),
    plugin: (url) => redis({ url }),
  },
];

describe.each(SUBJECTS)("while $name is away", ({ start, plugin }) => {
  let server: Server;
  let folder = "";
  const running: Baldur[] = [];

  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "baldur-outage-"));
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((baldur) => baldur.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  async function begin(): Promise<Baldur> {
    const { entitlement: _, ...queue } = dlq({ automatic: false, replay: { rate: 1e6, rampUp: 0 } });
    const baldur = createBaldur({
      clock: hurriedClock(HURRY),
      discover: false,
      logger: SILENT,
      env: {
        BALDUR_DLQ_FALLBACK_PATH: join(folder, "spill"),
        BALDUR_DATA_DIR: folder,
        BALDUR_IDEMPOTENCY_BACKEND: "memory",
        BALDUR_SYSTEM_CONTROL_BACKEND: "memory",
      },
      plugins: [plugin(server.url), queue],
    });
    running.push(baldur);
    await baldur.start();
    return baldur;
  }

  const store = (baldur: Baldur, number: number) =>
    getDlq(baldur).store({ name: NAME, failureType: "F", requestData: { args: [number] } });

  async function until(isSo: () => unknown): Promise<void> {
    const end = performance.now() + DEADLINE;
    while (!(await Promise.resolve(isSo()).catch(() => false))) {
      if (performance.now() > end) throw new Error(`it did not come about: ${isSo}`);
      await sleep(10);
    }
  }

  const isAbsorbed = () => readdirSync(join(folder, "spill")).length === 0;

  /** Every entry of the numbers is there once, and is run once. */
  async function expectOnce(baldur: Baldur, acknowledged: ReadonlyMap<string, number>): Promise<void> {
    const queue = getDlq(baldur);
    const { items, total } = await queue.list({ name: NAME, limit: 1000 });
    expect(items.map(({ id }) => id).sort()).toEqual([...acknowledged.keys()].sort());
    expect(total).toBe(acknowledged.size);
    const ran: unknown[] = [];
    baldur.onReplay(NAME, async ({ requestData }) => void ran.push(requestData.args?.[0]));
    const { successCount } = await queue.replayBatch({ name: NAME, maxItems: 1000 });
    expect(successCount).toBe(acknowledged.size);
    const numbers = [...acknowledged.values()].sort((a, b) => a - b);
    expect(ran.map(Number).sort((a, b) => a - b)).toEqual(numbers);
    expect((await queue.list({ name: NAME, status: "resolved" })).total).toBe(acknowledged.size);
    await queue.archive({ olderThan: 0 });
    await queue.purge({ ids: [...acknowledged.keys()] });
    expect((await queue.list({ name: NAME })).total).toBe(0);
  }

  it("killed in the middle of captures, nothing that was acknowledged is lost, or kept twice", async () => {
    const baldur = await begin();
    const acknowledged = new Map<string, number>();
    const places = new Set<string>();
    let next = 0;
    const capture = async (): Promise<void> => {
      while (next < 600) {
        const number = next++;
        const captured = await store(baldur, number);
        if (!captured.captured) throw new Error(`refused: ${captured.reason}`);
        acknowledged.set(captured.id, number);
        places.add(captured.where);
        if (number === 200) await server.kill();
      }
    };
    await Promise.all(Array.from({ length: 40 }, capture));
    expect(acknowledged.size).toBe(600);
    expect([...places].sort()).toEqual(["spill", "store"]);
    await server.restart({ keepData: true });
    await until(isAbsorbed);
    await expectOnce(baldur, acknowledged);
  });

  it("hung, a capture goes to the spill file, and what was sent all the same is not kept twice", async () => {
    const baldur = await begin();
    const acknowledged = new Map<string, number>();
    const keep = async (number: number): Promise<string> => {
      const captured = await store(baldur, number);
      if (!captured.captured) throw new Error(`refused: ${captured.reason}`);
      acknowledged.set(captured.id, number);
      return captured.where;
    };
    expect(await keep(0)).toBe("store");
    await server.pause();
    expect(await Promise.all([keep(1), keep(2)])).toEqual(["spill", "spill"]);
    await server.resume();
    await until(isAbsorbed);
    await until(async () => (await getDlq(baldur).list({ name: NAME })).total === 3);
    await expectOnce(baldur, acknowledged);
  });

  it("at the start, everything goes to the spill file, and into the store when it is there", async () => {
    await server.kill();
    const baldur = await begin();
    const acknowledged = new Map<string, number>();
    for (let number = 0; number < 5; number++) {
      const captured = await store(baldur, number);
      expect(captured).toMatchObject({ captured: true, where: "spill" });
      if (captured.captured) acknowledged.set(captured.id, number);
    }
    await expect(getDlq(baldur).list()).rejects.toMatchObject({ name: expect.stringMatching(/Error$/) });
    await server.restart({ keepData: false });
    await until(isAbsorbed);
    await expectOnce(baldur, acknowledged);
  });
});
