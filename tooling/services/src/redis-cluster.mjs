import { createCertificate } from "./certificate.mjs";
import { HOST } from "./conversation.mjs";
import { freeClusterPorts } from "./ports.mjs";
import { masterPassword, startRedis } from "./redis.mjs";
import { orStop, startTogether, stopTogether } from "./together.mjs";
import { until } from "./until.mjs";

/** Nodes talk to each other as they do to clients. */
const TLS_SETTINGS = { "tls-cluster": "yes", "tls-replication": "yes" };
const MASTERS = 3;
const SLOTS = 16_384;
const SETTINGS = {
  "cluster-enabled": "yes",
  "cluster-node-timeout": 1000,
  // A replica may take over however long ago it heard of its master: tests pause processes.
  "cluster-replica-validity-factor": 0,
  // Or a master would wait five seconds for more replicas to come before it feeds the first.
  "repl-diskless-sync-delay": 0,
  // A replica that has heard nothing from its master is kept from clients, and it hears of a ping at the latest.
  "repl-ping-replica-period": 1,
};

/**
 * Starts a cluster of three masters with so many `replicas` each, and resolves once every node says that the cluster is
 * whole. A master that is away for a second is replaced by its replica.
 * `settings`, `persistence` and `tls` are those of `startRedis`, for every node; with TLS all have one certificate.
 */
export async function startRedisCluster({
  replicas = 1,
  settings = {},
  persistence = false,
  tls = false,
} = {}) {
  const ports = await freeClusterPorts(MASTERS * (1 + replicas));
  const certificate = tls && createCertificate();
  const all = { ...SETTINGS, ...(tls && TLS_SETTINGS), ...masterPassword(settings), ...settings };
  const nodes = await startTogether(
    ports.map((port) => () => startRedis({ port, settings: all, persistence, tls: certificate })),
  );
  await orStop(nodes, () => form(nodes));
  const hosts = nodes.map(({ host, port }) => `${host}:${port}`);
  return {
    url: `${tls ? "rediss" : "redis"}+cluster://${hosts.join(",")}`,
    ca: nodes[0].ca,
    nodes,
    ownerOf: (key) => until(() => ownerOf(key, nodes), `an owner of ${key} that all nodes name`),
    stop: () => stopTogether(nodes),
  };
}

/** The first three become masters; the others follow them in turn. */
async function form(nodes) {
  const ids = await Promise.all(nodes.map((node) => node.command("CLUSTER", "MYID")));
  const masters = nodes.slice(0, MASTERS);
  await Promise.all(masters.map(giveSlots));
  await introduce(nodes);
  await until(() => every(nodes, (node) => knowsAll(node, nodes.length)), "the nodes to know each other");
  const followers = nodes.slice(MASTERS);
  await Promise.all(
    followers.map((node, index) => node.command("CLUSTER", "REPLICATE", ids[index % MASTERS])),
  );
  await until(() => every(nodes, (node) => isWhole(node, nodes.length)), "cluster_state:ok on every node");
}

async function giveSlots(node, index) {
  await node.command("CLUSTER", "SET-CONFIG-EPOCH", index + 1);
  const [first, next] = [index, index + 1].map((part) => Math.floor((part * SLOTS) / MASTERS));
  const slots = Array.from({ length: next - first }, (_, offset) => first + offset);
  await node.command("CLUSTER", "ADDSLOTS", ...slots);
}

/** Every pair, at once: gossip would take seconds to tell them. */
async function introduce(nodes) {
  const pairs = nodes.flatMap((node, index) => nodes.slice(index + 1).map((other) => [node, other]));
  await Promise.all(pairs.map(([node, other]) => node.command("CLUSTER", "MEET", HOST, other.port)));
}

async function every(nodes, test) {
  return (await Promise.all(nodes.map(test))).every(Boolean);
}

async function knowsAll(node, count) {
  const lines = (await node.command("CLUSTER", "NODES")).trim().split("\n");
  return lines.length === count && !lines.some((line) => /handshake|noaddr/.test(line));
}

/** It says that the cluster is well, and knows of every replica that it has all it needs. */
async function isWhole(node, count) {
  const info = await node.command("CLUSTER", "INFO");
  if (!info.includes("cluster_state:ok")) return false;
  const slots = await node.command("CLUSTER", "SLOTS");
  if (new Set(slots.flatMap(([, , ...owners]) => owners.map(([, port]) => port))).size !== count)
    return false;
  const [role, , , link] = await node.command("ROLE");
  return role === "master" || link === "connected";
}

/** The node that all nodes that answer call the master of a key's slot, if it answers itself. */
async function ownerOf(key, nodes) {
  const answers = await Promise.allSettled(nodes.map((node) => ownersPort(key, node)));
  const ports = new Set(answers.flatMap(({ value }) => (value === undefined ? [] : [value])));
  if (ports.size !== 1) return undefined;
  const index = nodes.findIndex(({ port }) => ports.has(port));
  return answers[index]?.status === "fulfilled" ? nodes[index] : undefined;
}

async function ownersPort(key, node) {
  const slot = await node.command("CLUSTER", "KEYSLOT", key);
  const ranges = await node.command("CLUSTER", "SLOTS");
  const owner = ranges.find(([first, last]) => first <= slot && slot <= last)?.[2];
  return owner?.[1];
}
