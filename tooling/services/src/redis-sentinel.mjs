import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { HOST } from "./conversation.mjs";
import { freePorts } from "./ports.mjs";
import { masterPassword, startRedis, startRedisProgram } from "./redis.mjs";
import { orStop, startTogether, stopTogether } from "./together.mjs";
import { until } from "./until.mjs";

const MASTER_NAME = "baldur";
const SENTINELS = 3;
const REPLICAS = 2;
const QUORUM = 2;
/** Milliseconds; with less, a busy machine is taken for a dead one. */
const DOWN_AFTER = 700;
const FAILOVER_TIMEOUT = 1500;
/**
 * Milliseconds between the things that a Sentinel otherwise does once a second or rarer. At its own pace it would call a
 * new master dead before it has pinged it. A replica qualifies while it was heard of within five pings.
 */
const PACE = {
  "ping-period": 300,
  "ask-period": 100,
  "info-period": 200,
  "publish-period": 200,
  "election-timeout": 1000,
};

/**
 * Starts a master, two replicas and three Sentinels that watch them, and resolves once all Sentinels know of all. A master
 * that does not answer is replaced within about two seconds.
 * `settings` and `persistence` are those of `startRedis`, for the three; `sentinelPassword` is what the Sentinels ask for.
 */
export async function startRedisSentinel({ settings = {}, persistence = false, sentinelPassword } = {}) {
  const passwords = { nodes: settings.requirepass, sentinels: sentinelPassword };
  const nodes = await startNodes(settings, persistence);
  const sentinels = await orStop(nodes, () => startSentinels(nodes[0], passwords));
  const all = [...sentinels, ...nodes]; // the watchers end first, or they would begin a failover
  await orStop(all, () =>
    until(() => agreed(sentinels), "the Sentinels to know the replicas and each other"),
  );
  const master = () => until(() => masterOf(nodes, sentinels), "a master that all Sentinels name");
  const hosts = sentinels.map(({ host, port }) => `${host}:${port}`);
  return {
    url: `redis+sentinel://${MASTER_NAME}@${hosts.join(",")}/0`,
    masterName: MASTER_NAME,
    sentinels,
    nodes,
    master,
    async killMaster() {
      const node = await master();
      await node.kill();
      return node;
    },
    async stop() {
      await stopTogether(sentinels);
      await stopTogether(nodes);
    },
  };
}

async function startNodes(settings, persistence) {
  // Or a master would wait five seconds for more replicas to come before it feeds the first.
  const all = { "repl-diskless-sync-delay": 0, ...masterPassword(settings), ...settings };
  const master = await startRedis({ settings: all, persistence });
  const replica = { ...all, replicaof: [HOST, master.port] };
  const start = () => startRedis({ settings: replica, persistence });
  const replicas = await orStop([master], () => startTogether(Array(REPLICAS).fill(start)));
  return [master, ...replicas];
}

/** They are told of each other: to find out by themselves takes them seconds. */
async function startSentinels(master, passwords) {
  const ports = await freePorts(SENTINELS);
  const family = ports.map((port) => ({ port, id: randomBytes(20).toString("hex") }));
  return startTogether(family.map((one) => () => startSentinel(one, { family, master, passwords })));
}

function startSentinel({ port, id }, { family, master, passwords }) {
  const others = family.filter((other) => other.port !== port);
  const prepare = (folder) => {
    const file = join(folder, "sentinel.conf");
    const lines = [
      ...own({ port, folder, id, password: passwords.sentinels }),
      ...watched(master, passwords.nodes),
      ...others.map((other) => `sentinel known-sentinel ${MASTER_NAME} ${HOST} ${other.port} ${other.id}`),
    ];
    const write = () => writeFileSync(file, `${lines.join("\n")}\n`);
    write();
    return { args: [file, "--sentinel"], erase: write };
  };
  return startRedisProgram({ port, password: passwords.sentinels }, prepare, hasten);
}

function own({ port, folder, id, password }) {
  const asks = password === undefined ? [] : [`requirepass ${JSON.stringify(password)}`];
  return [`port ${port}`, `bind ${HOST}`, `dir ${folder}`, `sentinel myid ${id}`, ...asks];
}

function watched(master, password) {
  return [
    `sentinel monitor ${MASTER_NAME} ${HOST} ${master.port} ${QUORUM}`,
    `sentinel down-after-milliseconds ${MASTER_NAME} ${DOWN_AFTER}`,
    `sentinel failover-timeout ${MASTER_NAME} ${FAILOVER_TIMEOUT}`,
    ...(password === undefined ? [] : [`sentinel auth-pass ${MASTER_NAME} ${JSON.stringify(password)}`]),
  ];
}

const hasten = (ask) => ask("SENTINEL", "DEBUG", ...Object.entries(PACE).flat());

async function agreed(sentinels) {
  const views = await Promise.all(sentinels.map(viewOf));
  return views.every(({ replicas, others }) => replicas === REPLICAS && others === SENTINELS - 1);
}

/** How many healthy replicas and other Sentinels one of them knows. */
async function viewOf(sentinel) {
  const [replicas, others] = await Promise.all([
    sentinel.command("SENTINEL", "REPLICAS", MASTER_NAME),
    sentinel.command("SENTINEL", "SENTINELS", MASTER_NAME),
  ]);
  const linked = replicas.map(fields).filter((replica) => replica["master-link-status"] === "ok");
  const reached = others.map(fields).filter(({ flags }) => flags === "sentinel");
  return { replicas: linked.length, others: reached.length };
}

function fields(flat) {
  return Object.fromEntries(
    flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1]]] : [])),
  );
}

/** The node that every Sentinel that answers calls the master, if it agrees itself. */
async function masterOf(nodes, sentinels) {
  const ask = (sentinel) => sentinel.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER_NAME);
  const answers = await Promise.allSettled(sentinels.map(ask));
  const ports = new Set(answers.flatMap(({ value }) => (value === undefined ? [] : [Number(value[1])])));
  if (ports.size !== 1) return undefined;
  const node = nodes.find(({ port }) => ports.has(port));
  const [role] = (await node?.command("ROLE")) ?? [];
  return role === "master" ? node : undefined;
}
