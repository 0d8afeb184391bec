import { once } from "node:events";
import { createServer } from "node:net";
import { HOST } from "./conversation.mjs";

/** A Redis of a cluster talks to its peers on a port that lies this far above its own. */
const BUS = 10_000;
const HIGHEST = 65_535;

/** A port of the loopback interface that was free a moment ago. */
export async function freePort() {
  const [port] = await freePorts(1);
  return port;
}

/** So many different ones. */
export async function freePorts(count) {
  const probes = await Promise.all(Array.from({ length: count }, () => listen(0)));
  const ports = probes.map((probe) => probe.address().port);
  await Promise.all(probes.map(close));
  return ports;
}

/** So many different ones whose cluster ports are free too. */
export async function freeClusterPorts(count) {
  const probes = [];
  try {
    while (probes.length < 2 * count) probes.push(...(await pair()));
    return probes.filter((_, index) => index % 2 === 0).map((probe) => probe.address().port);
  } finally {
    await Promise.all(probes.map(close));
  }
}

async function pair() {
  const probe = await listen(0);
  const bus = probe.address().port + BUS;
  try {
    if (bus <= HIGHEST) return [probe, await listen(bus)];
  } catch (error) {
    if (error.code !== "EADDRINUSE") throw error;
  }
  await close(probe);
  return [];
}

async function listen(port) {
  const probe = createServer().listen(port, HOST);
  await once(probe, "listening");
  return probe;
}

async function close(probe) {
  probe.close();
  await once(probe, "close");
}
