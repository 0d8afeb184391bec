import type { VersionedDocument } from "@baldur/core/plugin";
import { type RedisServer, startRedis } from "@baldur/services";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { errorOf, eventually, Fleet, type Member } from "./fixture.js";

let server: RedisServer;
let fleet: Fleet;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(() => {
  fleet = new Fleet(server);
});
afterEach(() => fleet.dissolve());
jest.setTimeout(60_000);

const KEY = "system_control";
const nameIn = ({ client }: Member): string => `${client.prefix}document:{${KEY}}`;

/** What a member sees of the document. */
function watch({ stores }: Member): (VersionedDocument | undefined)[] {
  const seen: (VersionedDocument | undefined)[] = [];
  stores.documents.watch(KEY, (document) => seen.push(document));
  return seen;
}

/** Set up once the channel is listened to, so that what is seen then was published. */
async function listening({ client }: Member): Promise<void> {
  const channel = `${client.prefix}documents:${KEY}`;
  await eventually(async () => {
    const counts = (await client.command("PUBSUB", "NUMSUB", channel)) as readonly [string, number];
    return counts[1] > 0;
  });
}

describe("the document store in Redis", () => {
  it("tells those who watch what is published, without waiting for a look", async () => {
    const [one, two] = [await fleet.join({ pollInterval: 3_600_000 }), await fleet.join()];
    const seen = watch(one);
    await listening(one);
    await two.stores.documents.compareAndSet(KEY, 0, { enabled: false });
    await eventually(() => seen.length === 1);
    expect(seen[0]).toMatchObject({ version: 1, value: { enabled: false } });
  });

  it("tells them with the next look where the message was lost", async () => {
    const one = await fleet.join({ pollInterval: 20 });
    const seen = watch(one);
    const document = JSON.stringify({ version: 3, value: { enabled: false }, updatedAt: 1 });
    await one.client.command("SET", nameIn(one), document);
    await eventually(() => seen.at(-1)?.version === 3);
    await one.client.command("DEL", nameIn(one));
    await eventually(() => seen.length === 2);
    expect(seen[1]).toBeUndefined();
  });

  it("tells of a burst of changes no less than where it ended", async () => {
    const [one, two] = [await fleet.join({ pollInterval: 3_600_000 }), await fleet.join()];
    const seen = watch(one);
    await listening(one);
    for (let version = 0; version < 50; version++)
      await two.stores.documents.compareAndSet(KEY, version, { version });
    await eventually(() => seen.at(-1)?.version === 50);
    const versions = seen.map((document) => document?.version ?? 0);
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
  });

  it("puts a document aside that cannot be read, once, and goes on without it", async () => {
    const members = [await fleet.join(), await fleet.join(), await fleet.join()];
    const [one] = members as [Member];
    await one.client.command("SET", nameIn(one), '{"version":');
    const found = await Promise.all(members.map(({ stores }) => stores.documents.read(KEY)));
    expect(found).toEqual([undefined, undefined, undefined]);
    const told = members.flatMap(({ telemetry }) => telemetry.named("documents.document_quarantined"));
    expect(told).toHaveLength(1);
    const keptAs = String(told[0]?.payload["kept_as"]);
    expect(await one.client.command("GET", keptAs)).toBe('{"version":');
    await expect(one.stores.documents.compareAndSet(KEY, 0, { a: 1 })).resolves.toEqual({
      ok: true,
      version: 1,
    });
  });

  it.each([
    [0, { ok: true, version: 1 }],
    [4, { ok: false }],
  ])("puts it aside for a writer that expects version %i too", async (expected, answer) => {
    const one = await fleet.join();
    await one.client.command("SET", nameIn(one), "garbage");
    await expect(one.stores.documents.compareAndSet(KEY, expected, { a: 1 })).resolves.toEqual(answer);
    expect(one.telemetry.named("documents.document_quarantined")).toHaveLength(1);
  });

  it("changes a document that other hands wrote with its parts in another order", async () => {
    const one = await fleet.join();
    const document = { updatedAt: 1, value: { enabled: true }, version: 2 };
    await one.client.command("SET", nameIn(one), JSON.stringify(document));
    await expect(one.stores.documents.compareAndSet(KEY, 1, { a: 1 })).resolves.toMatchObject({ ok: false });
    await expect(one.stores.documents.compareAndSet(KEY, 2, { a: 1 })).resolves.toEqual({
      ok: true,
      version: 3,
    });
  });

  it("isolates a watcher that throws", async () => {
    const one = await fleet.join();
    one.stores.documents.watch(KEY, () => {
      throw new Error("no");
    });
    const seen = watch(one);
    await listening(one);
    await one.stores.documents.compareAndSet(KEY, 0, { a: 1 });
    await eventually(() => seen.length === 1);
    await eventually(() => one.telemetry.named("documents.watcher_failed").length === 1);
  });
});

describe("while Redis is away", () => {
  it("can neither be read nor written; watchers keep what they saw, and see at its return what they missed", async () => {
    const own = await startRedis({ persistence: true });
    try {
      const far = new Fleet(own);
      const [one, two] = [await far.join({ pollInterval: 50 }), await far.join()];
      const seen = watch(one);
      await one.stores.documents.compareAndSet(KEY, 0, { enabled: false });
      await eventually(() => seen.at(-1)?.version === 1);
      await own.kill();
      await eventually(() => !one.client.available && !two.client.available);
      const away = { code: "ERR_BALDUR_REDIS_UNAVAILABLE" };
      expect(await errorOf(one.stores.documents.read(KEY))).toMatchObject(away);
      expect(await errorOf(one.stores.documents.compareAndSet(KEY, 1, {}))).toMatchObject(away);
      expect(seen).toHaveLength(1);
      await own.restart({ keepData: true });
      await eventually(() => two.client.available);
      await two.stores.documents.compareAndSet(KEY, 1, { enabled: true });
      await eventually(() => seen.at(-1)?.version === 2);
      await far.dissolve();
    } finally {
      await own.stop();
    }
  });
});
