import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Fleet } from "./fleet.mjs";
import { LedgerReader } from "./ledger.mjs";
import { Service } from "./service.mjs";
import { isAcknowledged, startTraffic } from "./traffic.mjs";

const LICENCE = fileURLToPath(new URL("../../../tooling/license/development.license", import.meta.url));
/** Waited for at most until every acknowledged order is charged: under traffic, and then without it. */
const DRAIN_UNDER_TRAFFIC = 6000;
const DRAIN_AFTERWARDS = 8000;
const LOOKS = 1000;

/**
 * One round: the shops under traffic while their gateway, one of them and the servers that they share go through every
 * phase. After the deadline nothing is waited for any more. One that stays goes on, and has its console open.
 */
export async function runRound({ variant, shops, servers, folder, deadline, stays, onProgress }) {
  const events = [];
  const ledgerPath = join(folder, `${variant}.ledger`);
  const environment = {
    ...servers.environment,
    ...(variant === "pro" && { BALDUR_LICENSE_FILE: LICENCE }),
  };
  const gateway = new Service("./gateway.mjs");
  const fleet = new Fleet(shops, (shop) => ({
    // Of a fleet every shop is as if on a host of its own.
    environment: { ...environment, BALDUR_DATA_DIR: join(folder, `${variant}-${shop}`) },
    onEvent: (event) => events.push({ shop, ...event }),
  }));
  const round = {
    ledger: new LedgerReader(ledgerPath),
    startGateway: (mode) => gateway.start(mode, ledgerPath),
    startShop: (shop) => shop.start(variant, gateway.port),
    replays: variant === "pro",
    deadline,
    gateway,
    fleet,
    servers,
  };
  try {
    await round.startGateway("normal");
    await fleet.start(variant, gateway.port);
    await Promise.all(fleet.ports.map(warmUp));
    const told = await underTraffic(round, events, onProgress);
    return stays ? { ...told, console: await stay(fleet) } : told;
  } finally {
    if (!stays) await Promise.all([fleet.kill(), gateway.kill()]);
  }
}

/** Orders go on coming in. Answers where the console is. */
function stay(fleet) {
  startTraffic(fleet.ports);
  return fleet.shops[0].ask("console");
}

async function underTraffic(round, events, onProgress) {
  const traffic = startTraffic(round.fleet.ports);
  const { orders, elapsed, startedAt } = traffic;
  const phases = [];
  const progress = () => onProgress(phases.at(-1).name, { orders, elapsed, ledger: round.ledger });
  const enter = (name) => {
    phases.push({ name, at: elapsed() });
    progress();
  };
  const ticker = setInterval(progress, 200);
  try {
    const facts = await playPhases({ ...round, traffic, enter });
    const end = elapsed();
    const late = traffic.late();
    await traffic.stop();
    await drained(round, orders, DRAIN_AFTERWARDS);
    const calls = round.ledger.calls().map((call) => ({ ...call, at: call.at - startedAt }));
    const shops = round.fleet.shops.length;
    return { ...facts, shops, orders, phases, end, late, calls, ...sorted(events, startedAt) };
  } finally {
    clearInterval(ticker);
  }
}

async function playPhases(round) {
  const { gateway, fleet, servers, startGateway, traffic, enter } = round;
  enter("normal");
  await sleep(1000);

  const gatewaySignal = await gateway.kill();
  enter("killed");
  const before = await attemptsOf(fleet);
  await sleep(1500);
  const after = await attemptsOf(fleet);
  await startGateway("hang");

  enter("hangs");
  await sleep(600);
  // With an open circuit nothing but its probes waits for the gateway.
  const inOutage = await killShop(round, "shop killed", ({ inFlight }) => inFlight > 0);
  await servers.kill();
  if (servers.names.length > 0) enter("alone");
  await sleep(1000);
  await gateway.ask("limit");

  enter("429");
  await sleep(1300);
  await servers.restart();
  await gateway.ask("normal");

  enter("recovered");
  await sleep(2200);
  const isReplaying = ({ replaying, replayed }) => replaying > 1 && replayed > 30 / fleet.shops.length;
  const inDrain = await killShop(round, "killed again", round.replays ? isReplaying : () => true);
  await sleep(600);
  await drained(round, traffic.orders, DRAIN_UNDER_TRAFFIC);
  return { gatewaySignal, triedWhileKilled: after - before, deaths: [inOutage, inDrain] };
}

async function attemptsOf(fleet) {
  return (await fleet.ask()).reduce((sum, { attempts }) => sum + attempts, 0);
}

/** Kills a shop as soon as its load is right, and starts it again. Answers what it took with it. */
async function killShop({ fleet, startShop, traffic, enter }, phase, isRight) {
  const { number, load } = await loadedShop(fleet, isRight);
  const shop = fleet.shops[number];
  const signal = await shop.kill();
  enter(phase);
  const at = traffic.elapsed();
  await startShop(shop);
  return { ...load, shop: number, signal, at, back: traffic.elapsed() };
}

/** Waits, but not for ever, until the load of a shop is right. */
async function loadedShop(fleet, isRight) {
  for (let look = 0; look < LOOKS; look += 1) {
    const loads = await fleet.ask();
    const number = loads.findIndex(isRight);
    if (number >= 0) return { number, load: loads[number] };
    await sleep(5);
  }
  return { number: 0, load: (await fleet.ask())[0] };
}

/** Waits until every order that was acknowledged is charged. Nobody asks the shop to do so. */
async function drained({ ledger, deadline }, orders, patience) {
  const end = Math.min(deadline, performance.now() + patience);
  while (performance.now() < end) {
    const charges = ledger.charges();
    if (orders.every((order) => !isAcknowledged(order) || charges.has(order.id))) return;
    await sleep(100);
  }
}

/** The first orders pay for loading code; they belong to no round. */
async function warmUp(port) {
  for (let order = 0; order < 20; order += 1) {
    const body = JSON.stringify({ orderId: -order, amount: 1 });
    await (await fetch(`http://127.0.0.1:${port}/orders`, { method: "POST", body })).text();
  }
}

/** What the shop told, by kind. */
function sorted(events, startedAt) {
  const told = (kind) => events.filter((event) => event[kind] !== undefined);
  return {
    tier: told("tier")[0]?.tier ?? "none",
    replays: told("replayed").map(({ replayed }) => replayed),
    takenBack: told("takenBack").reduce((sum, { takenBack }) => sum + takenBack, 0),
    transitions: told("state").map(({ shop, state, at }) => ({ shop, state, at: at - startedAt })),
  };
}
