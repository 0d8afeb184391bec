import { expect, jest, test } from "@jest/globals";
import { startRedisCluster } from "../src/index.mjs";
import { until } from "../src/until.mjs";

jest.setTimeout(60_000);

test("every slot has an owner, and an owner that is killed is replaced by its replica", async () => {
  const cluster = await startRedisCluster();
  try {
    const { nodes, url } = cluster;
    expect(url).toBe(`redis+cluster://${nodes.map(({ host, port }) => `${host}:${port}`).join(",")}`);
    for (const node of nodes) {
      const info = await node.command("CLUSTER", "INFO");
      expect(info).toContain("cluster_state:ok");
      expect(info).toContain("cluster_slots_ok:16384");
    }
    const owner = await cluster.ownerOf("key");
    expect(nodes.slice(0, 3)).toContain(owner);
    await owner.command("SET", "key", "value");
    const other = nodes.slice(0, 3).find((node) => node !== owner);
    await expect(other.command("GET", "key")).rejects.toThrow(`MOVED 12539 ${owner.host}:${owner.port}`);
    await until(async () => isCaughtUp(await owner.command("INFO", "replication")), "the replica to have it");

    await owner.kill();
    const next = await cluster.ownerOf("key");
    expect(nodes.slice(3)).toContain(next);
    expect(await next.command("GET", "key")).toBe("value");
    await owner.restart();
    expect(await cluster.ownerOf("key")).toBe(next);
  } finally {
    await cluster.stop();
  }
});

test("masters alone are a cluster too", async () => {
  const cluster = await startRedisCluster({ replicas: 0, settings: { requirepass: "node" } });
  try {
    expect(cluster.nodes).toHaveLength(3);
    const owners = await Promise.all(["a", "b", "c"].map((key) => cluster.ownerOf(key)));
    expect(new Set(owners).size).toBe(3);
  } finally {
    await cluster.stop();
  }
});

function isCaughtUp(replication) {
  const [sent, kept] = [/master_repl_offset:(\d+)/, /offset=(\d+)/].map(
    (field) => field.exec(replication)?.[1],
  );
  return sent === kept;
}
