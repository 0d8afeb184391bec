import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { LedgerReader } from "./ledger.mjs";
import { Service } from "./service.mjs";
import { isAcknowledged, startTraffic } from "./traffic.mjs";

const LICENCE = fileURLToPath(new URL("../../../tooling/license/development.license", import.meta.url));
/** Waited for at most until every acknowledged order is charged: under traffic, and then without it. */
const DRAIN_UNDER_TRAFFIC = 6000;
const DRAIN_AFTERWARDS = 8000;
const LOOKS = 1000;

/**
 * One round: the shop under traffic while its gateway, and then the shop itself, go through every phase. After the
 * deadline nothing is waited for any more.
 */
export async function runRound({ variant, folder, deadline, onProgress }) {
  const events = [];
  const ledgerPath = join(folder, `${variant}.ledger`);
  const environment = {
    BALDUR_DATA_DIR: join(folder, variant),
    ...(variant === "pro" && { BALDUR_LICENSE_FILE: LICENCE }),
  };
  const gateway = new Service("./gateway.mjs");
  const shop = new Service("./shop.mjs", { environment, onEvent: (event) => events.push(event) });
  const round = {
    ledger: new LedgerReader(ledgerPath),
    startGateway: (mode) => gateway.start(mode, ledgerPath),
    startShop: () => shop.start(variant, gateway.port),
    replays: variant === "pro",
    deadline,
    gateway,
    shop,
  };
  try {
    await round.startGateway("normal");
    await round.startShop();
    await warmUp(shop.port);
    return await underTraffic(round, events, onProgress);
  } finally {
    await Promise.all([shop.kill(), gateway.kill()]);
  }
}

async function underTraffic(round, events, onProgress) {
  const traffic = startTraffic(round.shop.port);
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
    return { ...facts, orders, phases, end, late, calls, ...sorted(events, startedAt) };
  } finally {
    clearInterval(ticker);
  }
}

async function playPhases(round) {
  const { gateway, shop, startGateway, traffic, enter } = round;
  enter("normal");
  await sleep(1000);

  const gatewaySignal = await gateway.kill();
  enter("killed");
  const { attempts: before } = await shop.ask();
  await sleep(1500);
  const { attempts: after } = await shop.ask();
  await startGateway("hang");

  enter("hangs");
  await sleep(600);
  // With an open circuit nothing but its probes waits for the gateway.
  const inOutage = await killShop(round, "shop killed", ({ inFlight }) => inFlight > 0);
  await sleep(1000);
  await gateway.ask("limit");

  enter("429");
  await sleep(1300);
  await gateway.ask("normal");

  enter("recovered");
  await sleep(2200);
  const isReplaying = ({ replaying, replayed }) => replaying > 1 && replayed > 30;
  const inDrain = await killShop(round, "killed again", round.replays ? isReplaying : () => true);
  await sleep(600);
  await drained(round, traffic.orders, DRAIN_UNDER_TRAFFIC);
  return { gatewaySignal, triedWhileKilled: after - before, deaths: [inOutage, inDrain] };
}

/** Kills the shop as soon as its load is right, and starts it again. Answers what it took with it. */
async function killShop({ shop, startShop, traffic, enter }, phase, isRight) {
  const load = await loadOf(shop, isRight);
  const signal = await shop.kill();
  enter(phase);
  const at = traffic.elapsed();
  await startShop();
  return { ...load, signal, at, back: traffic.elapsed() };
}

/** Waits, but not for ever, until the load of the shop is right. */
async function loadOf(shop, isRight) {
  for (let look = 0; look < LOOKS; look += 1) {
    const load = await shop.ask();
    if (isRight(load)) return load;
    await sleep(5);
  }
  return shop.ask();
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
    transitions: told("state").map(({ state, at }) => ({ state, at: at - startedAt })),
  };
}
