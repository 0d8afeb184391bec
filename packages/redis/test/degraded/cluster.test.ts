import { type RedisCluster, startRedisCluster } from "@baldur/services";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { until } from "../fixture.js";
import { EXPECTED, everything, Host } from "./fixture.js";

jest.setTimeout(60_000);

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startRedisCluster({ replicas: 0 });
});
afterAll(() => cluster.stop());

/** On all three masters. */
const FEATURES = ["a", "b", "c", "d", "e", "f"];

describe("the storage on a cluster", () => {
  it("answers the same, and brings back what each feature has written while it was gone", async () => {
    await using host = new Host();
    const { storage } = await host.worker(cluster.url);
    const owners = await Promise.all(FEATURES.map((feature) => cluster.ownerOf(`{${feature}}`)));
    expect(new Set(owners.map(({ port }) => port)).size).toBe(3);
    for (const feature of FEATURES) expect(await everything(storage.feature(feature))).toEqual(EXPECTED);
    for (const node of cluster.nodes) await node.command("FLUSHALL");
    for (const node of cluster.nodes) await node.pause();
    for (const feature of FEATURES) expect(await everything(storage.feature(feature))).toEqual(EXPECTED);
    expect(storage.mode).toBe("degraded");
    for (const node of cluster.nodes) await node.resume();
    await until("normal", () => storage.mode === "normal");
    const { incr, setnx, ...rest } = EXPECTED;
    for (const feature of FEATURES) {
      expect(await everything(storage.feature(feature))).toMatchObject({ ...rest, incr: [5, 10, 8] });
    }
  });
});
