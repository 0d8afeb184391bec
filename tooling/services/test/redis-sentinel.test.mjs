import { expect, jest, test } from "@jest/globals";
import { startRedisSentinel } from "../src/index.mjs";
import { until } from "../src/until.mjs";

jest.setTimeout(60_000);

test("a master that is killed is replaced by a replica that has its data, and follows it when it is back", async () => {
  const group = await startRedisSentinel();
  try {
    const { nodes, sentinels, masterName, url } = group;
    const hosts = sentinels.map(({ host, port }) => `${host}:${port}`);
    expect(url).toBe(`redis+sentinel://${masterName}@${hosts.join(",")}/0`);
    expect([nodes.length, sentinels.length]).toEqual([3, 3]);
    for (const sentinel of sentinels)
      expect(await sentinel.command("SENTINEL", "CKQUORUM", masterName)).toMatch(/^OK 3 usable/);
    expect(await group.master()).toBe(nodes[0]);
    const replicas = nodes.slice(1);
    await nodes[0].command("SET", "key", "value");
    const isThere = async (node) => (await node.command("GET", "key")) === "value";
    for (const replica of replicas) await until(() => isThere(replica), "the value");

    expect(await group.killMaster()).toBe(nodes[0]);
    const next = await group.master();
    expect(replicas).toContain(next);
    expect(await next.command("GET", "key")).toBe("value");
    await next.command("SET", "key", "newer");

    await nodes[0].restart();
    const follows = ([role, , port]) => role === "slave" && port === next.port;
    await until(async () => follows(await nodes[0].command("ROLE")), "the old master to follow");
    await until(async () => (await nodes[0].command("GET", "key")) === "newer", "what it missed");
    expect(await group.master()).toBe(next);
  } finally {
    await group.stop();
  }
});

test("everybody can ask for passwords", async () => {
  const group = await startRedisSentinel({ settings: { requirepass: "node" }, sentinelPassword: "sentinel" });
  try {
    expect((await group.master()).url).toContain(":node@");
    expect(group.sentinels[0].url).toContain(":sentinel@");
  } finally {
    await group.stop();
  }
});
