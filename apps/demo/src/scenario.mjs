import { setTimeout as sleep } from "node:timers/promises";
import { GatewayProcess } from "./gateway-process.mjs";
import { startTraffic } from "./traffic.mjs";
import { startWorker } from "./worker.mjs";

/** One round: the shop under traffic while its gateway goes through every phase. */
export async function runRound(variant, onProgress) {
  const gateway = new GatewayProcess();
  await gateway.start("normal");
  const transitions = [];
  const shop = await startWorker("./shop.mjs", [variant, gateway.port], (event) => transitions.push(event));
  await warmUp(shop.port);
  const traffic = startTraffic(shop.port);
  const phases = [];
  const enter = (name) => {
    phases.push({ name, at: traffic.elapsed() });
    onProgress(name, traffic);
  };
  const ticker = setInterval(() => onProgress(phases.at(-1).name, traffic), 200);
  try {
    const reached = await playPhases({ gateway, shop, enter });
    const end = traffic.elapsed();
    const orders = await traffic.stop();
    return { orders, phases, end, reached, transitions: relative(transitions, traffic.startedAt) };
  } finally {
    clearInterval(ticker);
    await Promise.all([shop.kill(), gateway.kill()]);
  }
}

/** Answers how many calls met the gateway in each of its bad phases. */
async function playPhases({ gateway, shop, enter }) {
  enter("normal");
  await sleep(3000);

  const signal = await gateway.kill();
  enter("killed");
  const before = await shop.ask("attempts");
  await sleep(4000);
  const killed = (await shop.ask("attempts")) - before;
  await gateway.start("hang");

  enter("hangs");
  await sleep(4000);
  const hung = await gateway.changeMode("limit");

  enter("429");
  await sleep(4000);
  const limited = await gateway.changeMode("normal");

  enter("recovered");
  await sleep(5000);
  return { signal, killed, hung, limited };
}

/** The first orders pay for loading code; they belong to neither round. */
async function warmUp(port) {
  for (let order = 0; order < 50; order += 1) {
    const body = JSON.stringify({ id: -order, amount: 1 });
    await (await fetch(`http://127.0.0.1:${port}/orders`, { method: "POST", body })).text();
  }
}

function relative(transitions, startedAt) {
  return transitions.map(({ state, at }) => ({ state, at: at - startedAt }));
}
