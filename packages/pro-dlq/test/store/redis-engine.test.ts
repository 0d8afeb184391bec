import type { RedisClient } from "@baldur/core/plugin";
import { type RedisServer, startRedis } from "@baldur/services";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { encodeState } from "../../src/entry/record.js";
import type { EntryRow, Filed, Limit, Move, StateRow } from "../../src/store/fleet/engine.js";
import { Groups } from "../../src/store/fleet/groups.js";
import { FleetDlqStore } from "../../src/store/fleet/store.js";
import { RedisEngine } from "../../src/store/redis/engine.js";
import { pairsOf } from "../../src/store/redis/hash.js";
import type { NewEntry } from "../../src/store/store.js";
import { Entries, ROOMY } from "./entries.js";
import { openRedis } from "./servers.js";

const ROOT = "baldur:{dlq}:";
const MANY = 500;

let server: RedisServer;
let client: RedisClient;
let engine: RedisEngine;
let entries: Entries;
/** Keys and entries of every script that was run. */
let calls: { readonly keys: readonly string[]; readonly args: number }[];
const groups = new Groups();

beforeAll(async () => {
  server = await startRedis();
  client = await openRedis(server.url);
});
afterAll(async () => {
  await client.close();
  await server.stop();
});
beforeEach(async () => {
  await client.command("FLUSHALL");
  calls = [];
  entries = new Entries();
  engine = new RedisEngine({ client: watched(client), onDurability: () => undefined });
});

function watched(real: RedisClient): RedisClient {
  return {
    ...real,
    prefix: real.prefix,
    available: true,
    command: (...command) => real.command(...command),
    batch: (commands) => real.batch(commands),
    run: (script, keys, args) => {
      calls.push({ keys, args: args.length });
      return real.run(script, keys, args);
    },
  } as RedisClient;
}

const filed = (entry: NewEntry): Filed => ({ ...entry, group: groups.of(entry) });
const limits = (wanted: number): Limit[] => [{ number: 0, cap: 1_000_000, wanted }];
const idsOf = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id);

async function add(made: readonly NewEntry[]): Promise<ReadonlySet<string>> {
  const added = await engine.add(made.map(filed), limits(made.length), true);
  if (added.isFull) throw new Error("it was forced");
  return added.known;
}

/** The move of an entry on to another state, from what was read. */
function move({ id, mark, status = "pending" }: StateRow, to: Move["to"], words = ""): Move {
  const text = encodeState({ status: to, retryCount: 1, maxRetries: 2, updatedAt: 7, resolutionNote: words });
  return { id, mark, from: status, to, text };
}

async function everything(): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const key of (await client.command("KEYS", "*")) as string[]) {
    const type = await client.command("TYPE", key);
    if (type === "hash") found[key] = pairsOf(await client.command("HGETALL", key));
    if (type === "zset") found[key] = await client.command("ZRANGE", key, 0, -1);
  }
  return found;
}

/** Of three groups and two states, none beside one of its kind. */
function mixed(count: number): NewEntry[] {
  return Array.from({ length: count }, (_, n) =>
    entries.make({ name: `n${n % 3}` }, { status: n % 2 === 0 ? "pending" : "reviewing" }),
  );
}

describe("the engine on Redis, with entries of several kinds in one call", () => {
  it("tells which of them were there already, and leaves these as they are", async () => {
    const made = mixed(12);
    const before = made.filter((_, n) => n % 5 === 0);
    expect(await add(before)).toEqual(new Set());
    const [first] = await engine.states(idsOf(before));
    await engine.swap([move(first as StateRow, "replaying")]);
    expect([...(await add(made))].sort()).toEqual(idsOf(before));
    const rows = await engine.entries(idsOf(made));
    expect(rows.map(({ body }) => body)).toEqual(made.map(({ body }) => body));
    expect(rows.map(({ status }) => status)).toEqual([
      "replaying",
      ...made.slice(1).map(({ state }) => state.status),
    ]);
    const total = (await engine.counts()).flatMap(({ counts }) => Object.values(counts));
    expect(total.reduce((sum, count) => sum + count, 0)).toBe(made.length);
  });

  it("keeps for each the state that it came with", async () => {
    const made = [0, 0, 1, 0, 1, 1].map((retryCount) => entries.make({}, { retryCount, updatedAt: 1 }));
    const claimed = entries.make({}, { updatedAt: 1, claim: { owner: "o", token: "t", at: 1 } });
    await add([...made, claimed]);
    const rows = await engine.states(idsOf([...made, claimed]));
    expect(rows.map(({ text }) => JSON.parse(text))).toEqual(
      [...made, claimed].map(({ state: { status: _, ...state } }) => state),
    );
  });

  it("makes each move that is still right, and answers marks from which the next ones are made", async () => {
    const made = mixed(30);
    await add(made);
    const read = await engine.states(idsOf(made));
    const early = read.filter((_, n) => n % 4 === 0);
    await engine.swap(early.map((row) => move(row, "replaying", "first")));
    const marks = await engine.swap(read.map((row) => move(row, "replaying", row.id)));
    expect([...marks.keys()].sort()).toEqual(idsOf(read.filter((row) => !early.includes(row))));
    const settled = read.flatMap((row) => {
      const mark = marks.get(row.id);
      return mark === undefined ? [] : [move({ ...row, mark, status: "replaying" }, "resolved", row.id)];
    });
    expect((await engine.swap(settled)).size).toBe(settled.length);
    for (const { id, status, text } of await engine.states(idsOf(made))) {
      const isEarly = early.some((row) => row.id === id);
      expect([status, JSON.parse(text).resolutionNote]).toEqual(
        isEarly ? ["replaying", "first"] : ["resolved", id],
      );
    }
  });

  it("moves nothing that is gone, changed or not", async () => {
    const made = mixed(4);
    await add(made);
    const fresh = await engine.states(idsOf(made));
    const marks = await engine.swap(fresh.slice(0, 2).map((row) => move(row, "replaying")));
    const rows = fresh.map((row) => ({ ...row, mark: marks.get(row.id) ?? row.mark }));
    expect(await engine.remove(fresh)).toBe(2);
    expect(await engine.remove(rows)).toBe(2);
    const before = await everything();
    expect(await engine.swap(rows.map((row) => move(row, "resolved")))).toEqual(new Map());
    expect(await everything()).toEqual(before);
  });
});

describe("the engine on Redis, asked for more than goes at a time", () => {
  it("asks in calls that are bounded, and whose keys are in one slot", async () => {
    const made = mixed(MANY);
    const { entries: most } = engine.largest;
    for (let from = 0; from < MANY; from += most) await add(made.slice(from, from + most));
    const oldest = await engine.oldest({ number: 0 }, MANY);
    expect(oldest.length).toBe(most);
    const rows = await engine.states(idsOf(made));
    const marks = await engine.swap(rows.map((row) => move(row, "rejected")));
    expect(marks.size).toBe(MANY);
    const moved = rows.map((row) => ({ ...row, mark: marks.get(row.id) ?? "" }));
    expect(await engine.remove(moved)).toBe(MANY);
    expect(await engine.known(idsOf(made))).toEqual(new Set());
    expect(calls.length).toBeGreaterThanOrEqual((3 * MANY) / most);
    expect(await engine.oldest({ number: 0 }, MANY)).toEqual([]);
    for (const { keys, args } of calls) {
      expect(keys.filter((key) => !key.startsWith(ROOT))).toEqual([]);
      expect(args).toBeLessThan(2 * most + 100);
    }
  });
});

describe("the engine on Redis, with far more entries than its cap", () => {
  it("is asked to evict until nothing is over it", async () => {
    const store = new FleetDlqStore(engine, { onCorrupt: (id) => expect(id).toBe("fine") });
    const made = entries.many(MANY);
    await store.add(made, ROOMY);
    const capacity = { total: 10, perDomain: 10, strategy: "drop_oldest" } as const;
    const { evicted, overfull } = await store.add(entries.many(1), capacity);
    expect([evicted.get("shop"), overfull]).toEqual([MANY + 1 - 10, false]);
    expect(await store.counts()).toMatchObject([{ counts: { pending: 10 } }]);
  });
});

describe("the engine on Redis, on a damaged queue", () => {
  const made = new Entries().many(2).map((entry, n) => filed({ ...entry, name: `n${n}` }));
  const more = [...made, filed(new Entries().make({ name: "n2" }))];

  /** Two entries, as they are read. */
  async function begin(): Promise<readonly EntryRow[]> {
    await client.command("FLUSHALL");
    await engine.add(made, limits(2), true);
    calls = [];
    return engine.entries(idsOf(made));
  }

  const scripts: [string, (rows: readonly EntryRow[]) => Promise<unknown>][] = [
    ["adds", () => engine.add(more, limits(3), true)],
    ["moves", (rows) => engine.swap(rows.map((row) => move(row, "rejected")))],
    ["removes", (rows) => engine.remove(rows)],
    ["evicts", (rows) => engine.evict({ number: 0, cap: 0 }, rows, [{ key: "k", text: "{}" }])],
    ["puts aside", ([row]) => engine.quarantine(row as EntryRow)],
  ];

  it.each(scripts)("%s nothing where one of the keys is of another type, and says so", async (_, run) => {
    await run(await begin());
    const keys = new Set(calls[0]?.keys);
    expect(keys.size).toBeGreaterThanOrEqual(5);
    for (const key of keys) {
      const rows = await begin();
      await client.command("DEL", key);
      await client.command("SET", key, "text");
      const before = await everything();
      await expect(run(rows)).rejects.toMatchObject({ name: "RedisReplyError", reason: "WRONGTYPE" });
      expect(await everything()).toEqual(before);
    }
  });

  it("puts nothing aside that is not what was read", async () => {
    const [row] = (await begin()) as [EntryRow];
    const before = await everything();
    expect(await engine.quarantine({ ...row, body: undefined })).toBe(false);
    expect(await engine.quarantine({ ...row, mark: row.mark.replace(/0:$/, "1:") })).toBe(false);
    expect(await everything()).toEqual(before);
    expect(await engine.quarantine(row)).toBe(true);
    expect(await engine.entries([row.id])).toEqual([]);
  });

  it.each<[string, (id: string) => Promise<unknown>]>([
    ["a state that cannot be read", (id) => client.command("HSET", `${ROOT}states`, id, "damage")],
    ["an empty state", (id) => client.command("HSET", `${ROOT}states`, id, "")],
    ["no record, but a state", (id) => client.command("HDEL", `${ROOT}entries`, id)],
    ["a record without a state", (id) => client.command("HSET", `${ROOT}entries`, id, '\n{"a":1}')],
  ])("puts aside an entry with %s, and counts it no more", async (what, damage) => {
    const rows = await begin();
    const [{ id }] = rows as [EntryRow];
    const marks = await engine.swap(rows.map((row) => move(row, "replaying")));
    expect(marks.size).toBe(2);
    if (what.startsWith("a record")) await client.command("HDEL", `${ROOT}states`, id);
    await damage(id);
    const [read] = (await engine.entries([id])) as [EntryRow];
    expect(read.status === undefined || read.body === undefined).toBe(true);
    expect(await engine.quarantine(read)).toBe(true);
    expect(await engine.quarantine(read)).toBe(false);
    expect(await engine.entries([id])).toEqual([]);
    expect(await client.command("HGET", `${ROOT}open`, "0")).toBe("1");
    expect((await engine.page({}, { limit: 10 })).rows.map((row) => row.id)).toEqual([made[1]?.id]);
  });
});
