/**
 * What a proxy does to the bytes that go one way. `holds`: they wait, as behind a broken network; `swallows`: they are
 * read and lost; `delay`: milliseconds that bytes, and an end of them, are late; `bytesPerSecond`: how fast they go.
 */
const PLAIN = { holds: false, swallows: false, delay: () => 0, bytesPerSecond: Number.POSITIVE_INFINITY };
/** The fault that is none. `listens`: new connections are taken; `resets`: they are, and all others, cut off at once. */
export const HEALTHY = { listens: true, resets: false, upstream: PLAIN, downstream: PLAIN };
const WAYS = ["upstream", "downstream"];

const KINDS = {
  latency: ({ ms, jitter = 0, seed = 1, direction }) =>
    along(direction, { delay: jittered(ms, jitter, seed) }),
  bandwidth: ({ bytesPerSecond, direction }) =>
    along(direction, { bytesPerSecond: positive(bytesPerSecond, "bytesPerSecond") }),
  slowClose({ ms, direction }) {
    const late = notNegative(ms, "ms");
    return along(direction, { delay: (isEnd) => (isEnd ? late : 0) });
  },
  timeout: ({ direction }) => along(direction, { swallows: true }),
  halfOpen: () => along(undefined, { holds: true }),
  partition({ direction }) {
    if (direction === undefined) throw new TypeError(`a partition needs a direction: ${WAYS.join(" or ")}`);
    return along(direction, { holds: true });
  },
  reset: () => ({ ...HEALTHY, resets: true }),
  refuse: () => ({ ...HEALTHY, listens: false }),
};

/** What a proxy does under a fault. */
export function planOf(kind, options = {}) {
  if (Object.hasOwn(KINDS, kind)) return KINDS[kind](options);
  throw new TypeError(`no fault is called ${kind}; known are ${Object.keys(KINDS).join(", ")}`);
}

function along(direction, rule) {
  if (direction !== undefined && !WAYS.includes(direction))
    throw new TypeError(`direction is ${WAYS.join(" or ")}, not ${direction}`);
  const ways = WAYS.filter((way) => direction === undefined || way === direction);
  return { ...HEALTHY, ...Object.fromEntries(ways.map((way) => [way, { ...PLAIN, ...rule }])) };
}

function jittered(ms, jitter, seed) {
  const [late, spread, random] = [notNegative(ms, "ms"), notNegative(jitter, "jitter"), randomFrom(seed)];
  return () => Math.max(0, late + spread * (2 * random() - 1));
}

function notNegative(value, name) {
  if (Number.isFinite(value) && value >= 0) return value;
  throw new TypeError(`${name} is a number from 0, not ${value}`);
}

function positive(value, name) {
  if (notNegative(value, name) > 0) return value;
  throw new TypeError(`${name} is more than 0`);
}

/** Numbers from 0 to below 1, the same ones for the same seed: mulberry32. */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
