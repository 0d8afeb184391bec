import { isAcknowledged } from "./traffic.mjs";

const IN_TIME = 1000;
const WINDOW = 500;
const SECOND = 1000;
const NORMAL_SHARE = 0.95;

/** The figures of one round: as its client saw it, and by the gateway's ledger. */
export function measure(round) {
  const { orders, phases, end, calls, deaths, transitions, replays } = round;
  const { at: recoveredAt } = phases.find(({ name }) => name === "recovered");
  const afterwards = calls.filter(({ at }) => at >= recoveredAt);
  return {
    ...asTheClientSawIt(orders),
    ...byTheLedger(orders, calls),
    signals: [round.gatewaySignal, ...deaths.map(({ signal }) => signal)],
    inFlight: deaths[0].inFlight,
    acceptedBefore: acceptedUntil(orders, deaths[0].at),
    replaying: deaths[1].replaying,
    takenBack: round.takenBack,
    reached: reachedWhileDying(calls, round.triedWhileKilled),
    recovery: recoveryTime(orders, recoveredAt, end),
    drain: drainTime(orders, calls, recoveredAt),
    peak: mostInASecond(afterwards.map(({ at }) => at)),
    replays: replays.length,
    failedReplays: replays.filter((success) => !success).length,
    openings: transitions.filter(({ state }) => state === "open").length,
    lastState: lastStateOf(transitions),
    tier: round.tier,
    late: round.late,
  };
}

/** Of all breakers, if they agree. */
function lastStateOf(transitions) {
  const last = new Map(transitions.map(({ shop, state }) => [shop, state]));
  return [...new Set(last.values())].join(" and ") || undefined;
}

function asTheClientSawIt(orders) {
  const latencies = orders.map(({ latency }) => latency).sort((a, b) => a - b);
  const inTime = orders.filter((order) => isAcknowledged(order) && order.latency <= IN_TIME);
  const answered = (wanted) => orders.filter(({ status }) => status === wanted).length;
  return {
    sent: orders.length,
    charged: answered(200),
    accepted: answered(202),
    refused: answered(503),
    unanswered: answered(0),
    sentAgain: orders.filter(({ sent }) => sent > 1).length,
    availability: (100 * inTime.length) / orders.length,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
  };
}

/** Only what the gateway wrote down counts here, whatever the shop said. */
function byTheLedger(orders, calls) {
  const charges = new Map();
  for (const { order, charged } of calls) if (charged) charges.set(order, (charges.get(order) ?? 0) + 1);
  const times = ({ id }) => charges.get(id) ?? 0;
  return {
    once: orders.filter((order) => times(order) === 1).length,
    never: orders.filter((order) => times(order) === 0).length,
    doubled: orders.filter((order) => times(order) > 1).length,
    lost: orders.filter((order) => isAcknowledged(order) && times(order) === 0).length,
    secretly: orders.filter((order) => !isAcknowledged(order) && times(order) > 0).length,
    duplicates: calls.filter(({ known }) => known).length,
  };
}

function acceptedUntil(orders, time) {
  return orders.filter(({ status, due, latency }) => status === 202 && due + latency < time).length;
}

function reachedWhileDying(calls, killed) {
  const hung = calls.filter(({ mode }) => mode === "hang").length;
  const limited = calls.filter(({ mode }) => mode === "limit").length;
  return { killed, hung, limited, inAll: killed + hung + limited };
}

function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
}

/** Until the first order from which on 95 % of the orders of half a second are charged at once. */
function recoveryTime(orders, recoveredAt, end) {
  const after = orders.filter(({ due }) => due >= recoveredAt);
  const normal = after.find(({ due }) => due + WINDOW <= end && isNormal(after, due));
  return normal === undefined ? Number.POSITIVE_INFINITY : normal.due - recoveredAt;
}

function isNormal(orders, from) {
  const window = orders.filter(({ due }) => due >= from && due < from + WINDOW);
  return window.filter(({ status }) => status === 200).length >= NORMAL_SHARE * window.length;
}

/** Until the last order that was only accepted is charged; undefined where none was. */
function drainTime(orders, calls, recoveredAt) {
  const accepted = orders.filter(({ status }) => status === 202);
  if (accepted.length === 0) return undefined;
  const chargedAt = new Map(calls.filter(({ charged }) => charged).map(({ order, at }) => [order, at]));
  const times = accepted.map(({ id }) => chargedAt.get(id) ?? Number.POSITIVE_INFINITY);
  return Math.max(...times) - recoveredAt;
}

/** Of any second, wherever it begins. */
function mostInASecond(times) {
  let first = 0;
  let most = 0;
  for (const [last, at] of times.entries()) {
    while (times[first] <= at - SECOND) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
