import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBaldur } from "@baldur/core";
import type { RedisClient } from "@baldur/core/plugin";
import { MemoryKeyValueStore } from "@baldur/core/plugin";
import { hotClock } from "@baldur/core/source/clock.js";
import { EventJournal } from "@baldur/core/source/journal/journal.js";
import { defineEvent, type TelemetryEvent } from "@baldur/core/source/telemetry/event.js";
import { TelemetryHub } from "@baldur/core/source/telemetry/telemetry.js";
import { type RedisServer, startRedis } from "@baldur/services";
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { redis } from "../../src/index.js";
import { connect, eventually } from "../fleet/fixture.js";

jest.setTimeout(60_000);
const DAY = 86_400_000;
const kept = defineEvent<{ n: number }>()("test.kept", { level: "info", journal: true, help: "of a test" });

let server: RedisServer;
let folder: string;
let tests = 0;
const silent = (): void => undefined;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "baldur-redis-journal-"));
  server = await startRedis();
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A process with a journal in Redis. */
class Process {
  readonly told: TelemetryEvent[] = [];
  readonly #hub: TelemetryHub;
  readonly journal: EventJournal;

  constructor(readonly client: RedisClient) {
    const clock = hotClock();
    this.#hub = new TelemetryHub(clock);
    this.#hub.subscribe((event) => void this.told.push(event));
    const settings = { enabled: true, backend: "redis", maxEntries: 10_000, retention: DAY } as const;
    this.journal = new EventJournal({ clock, telemetry: this.#hub, settings });
    const memory = (): MemoryKeyValueStore => new MemoryKeyValueStore();
    this.journal.use({ redis: client, sql: undefined, keyValue: memory(), memory });
  }

  report(from: number, count: number): void {
    for (let n = from; n < from + count; n++) this.#hub.report(kept, { n });
  }

  async numbers(): Promise<unknown[]> {
    const { entries } = await this.journal.page({ limit: 500 });
    return entries.map(({ payload }) => payload["n"]);
  }

  count(name: string): number {
    return this.told.filter((event) => event.name === name).length;
  }

  async close(): Promise<void> {
    await this.journal.close(1000);
    await this.client.close();
  }
}

const processes: Process[] = [];
afterEach(async () => {
  for (const process of processes.splice(0)) await process.close();
});

async function begin(namespace: string): Promise<Process> {
  const client = await connect(server.url, namespace);
  await eventually(() => client.available);
  const process = new Process(client);
  processes.push(process);
  return process;
}

const down = (from: number, to: number): number[] =>
  Array.from({ length: from - to + 1 }, (_, n) => from - n);

describe("the journal in Redis", () => {
  it("asks for one round trip for a hundred entries, and to be forgotten when nobody adds to it", async () => {
    const process = await begin(`journal-trips-${++tests}`);
    const batch = jest.spyOn(process.client, "batch");
    process.report(0, 100);
    await eventually(() => batch.mock.calls.length > 0);
    expect(await process.numbers()).toEqual(down(99, 0));
    expect(batch).toHaveBeenCalledTimes(1);
    const key = `${process.client.prefix}{journal}:entries`;
    expect(await process.client.command("ZCARD", key)).toBe(100);
    const left = Number(await process.client.command("PTTL", key));
    expect(left).toBeGreaterThan(DAY - 60_000);
    expect(left).toBeLessThanOrEqual(DAY);
  });

  it("is one for processes that report at once", async () => {
    const namespace = `journal-shared-${++tests}`;
    const [one, other] = [await begin(namespace), await begin(namespace)];
    one.report(0, 200);
    other.report(200, 200);
    const both = async (process: Process) => (await process.numbers()).length === 400;
    await eventually(async () => (await both(one)) && (await both(other)));
    expect(await one.numbers()).toEqual(await other.numbers());
    expect(new Set(await one.numbers()).size).toBe(400);
  });

  it("waits while Redis is killed, says so, and has everything when it is back", async () => {
    const process = await begin(`journal-killed-${++tests}`);
    process.report(0, 10);
    await eventually(
      async () => (await process.client.command("EXISTS", `${process.client.prefix}{journal}:entries`)) === 1,
    );
    await server.kill();
    process.report(10, 250);
    await eventually(() => process.count("journal.append_failed") > 0);
    expect(await process.journal.page({ limit: 500 })).toMatchObject({ complete: false });
    expect(await process.numbers()).toEqual(down(259, 10));
    await server.restart(); // what it had is gone, as it keeps nothing on a disk
    await eventually(async () => (await process.journal.page()).complete);
    await eventually(
      async () =>
        Number(await process.client.command("ZCARD", `${process.client.prefix}{journal}:entries`)) === 250,
    );
    expect(await process.numbers()).toEqual(down(259, 10));
    expect(process.count("journal.append_failed")).toBe(1);
  });

  it("has what was written once, though its answer was lost", async () => {
    const process = await begin(`journal-paused-${++tests}`);
    await server.pause();
    process.report(0, 5);
    await eventually(() => process.count("journal.append_failed") > 0);
    await server.resume();
    await eventually(async () => (await process.journal.page()).complete);
    await process.journal.note({ actor: "ada", reason: "again" });
    expect(await process.numbers()).toEqual([undefined, 4, 3, 2, 1, 0]);
    expect(await process.client.command("ZCARD", `${process.client.prefix}{journal}:entries`)).toBe(6);
  });

  it.each([0, 3000])(
    "does not keep a runtime from closing within %i ms and a moment while Redis hangs",
    async (deadline) => {
      const baldur = createBaldur({
        plugins: [redis({ socketTimeout: 60_000 })],
        discover: false,
        logger: { debug: silent, info: silent, warn: silent, error: silent },
        env: {
          BALDUR_REDIS_URL: server.url,
          BALDUR_REDIS_NAMESPACE: `journal-hangs-${++tests}`,
          BALDUR_DATA_DIR: folder,
        },
      });
      await baldur.start();
      await server.pause();
      for (let call = 0; call < 20; call++)
        await baldur.protect("gateway", () => Promise.reject(new Error("down"))).catch(silent);
      const closing = baldur.close({ deadline });
      const { duration } = await closing.finally(() => server.resume());
      expect(duration).toBeLessThan(deadline + 1500);
    },
  );
});
