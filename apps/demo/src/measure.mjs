const IN_TIME = 1000;
const WINDOW = 500;
const NORMAL_SHARE = 0.95;

/** The figures of one round, as its client saw it. */
export function measure({ orders, phases, end, reached, transitions }) {
  const latencies = orders.map(({ latency }) => latency).sort((a, b) => a - b);
  const answered = orders.filter((order) => isAnswered(order) && order.latency <= IN_TIME);
  const charged = orders.filter(isCharged).length;
  const accepted = orders.filter(({ status }) => status === 202).length;
  const { at: recoveredAt } = phases.find(({ name }) => name === "recovered");
  return {
    sent: orders.length,
    availability: (100 * answered.length) / orders.length,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    charged,
    accepted,
    failed: orders.length - charged - accepted,
    reached,
    reachedInAll: reached.killed + reached.hung + reached.limited,
    recovery: recoveryTime(orders, recoveredAt, end),
    openings: transitions.filter(({ state }) => state === "open").length,
    lastState: transitions.at(-1)?.state,
  };
}

const isCharged = ({ status }) => status === 201;
const isAnswered = ({ status }) => status >= 200 && status < 300;

function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
}

/** Until the first order from which on 95 % of the orders of half a second are charged. */
function recoveryTime(orders, recoveredAt, end) {
  const after = orders.filter(({ due }) => due >= recoveredAt);
  const normal = after.find(({ due }) => due + WINDOW <= end && isNormal(after, due));
  return normal === undefined ? Number.POSITIVE_INFINITY : normal.due - recoveredAt;
}

function isNormal(orders, from) {
  const window = orders.filter(({ due }) => due >= from && due < from + WINDOW);
  return window.filter(isCharged).length >= NORMAL_SHARE * window.length;
}
