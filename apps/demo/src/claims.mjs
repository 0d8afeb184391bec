const percent = (value) => `${value.toFixed(1)} %`;
const ms = (value) => `${Math.round(value)} ms`;
const seconds = (value) => (Number.isFinite(value) ? `${(value / 1000).toFixed(1)} s` : "never");
const share = (part, { sent }) => `${part} (${percent((100 * part) / sent)})`;

/**
 * The rows of the table: a measure, its figure in a round and, where something is claimed, the claim and its test. A row
 * without a claim only informs.
 */
const ROWS = [
  { measure: "orders sent", figure: ({ sent }) => String(sent) },
  { measure: "  charged", figure: (round) => share(round.charged, round) },
  { measure: "  accepted, payment pending", figure: (round) => share(round.accepted, round) },
  { measure: "  failed", figure: (round) => share(round.failed, round) },
  {
    measure: "gateway ended by",
    figure: ({ reached }) => reached.signal,
    claim: "SIGKILL in both rounds",
    holds: (plain, guarded) => [plain, guarded].every(({ reached }) => reached.signal === "SIGKILL"),
  },
  {
    measure: "availability (2xx within 1 s)",
    figure: ({ availability }) => percent(availability),
    claim: "with >= 99 %, without < 90 %",
    holds: (plain, guarded) => guarded.availability >= 99 && plain.availability < 90,
  },
  { measure: "p50 of all answers", figure: ({ p50 }) => ms(p50) },
  {
    measure: "p99 of all answers",
    figure: ({ p99 }) => ms(p99),
    claim: "with < 800 ms and < without",
    holds: (plain, guarded) => guarded.p99 < 800 && guarded.p99 < plain.p99,
  },
  {
    measure: "calls at the dying gateway",
    figure: ({ reachedInAll }) => String(reachedInAll),
    claim: "with <= 25 % of without",
    holds: (plain, guarded) => plain.reachedInAll > 0 && guarded.reachedInAll <= plain.reachedInAll / 4,
  },
  { measure: "  tried while it was killed", figure: ({ reached }) => String(reached.killed) },
  { measure: "  received while it hung", figure: ({ reached }) => String(reached.hung) },
  { measure: "  received while it said 429", figure: ({ reached }) => String(reached.limited) },
  {
    measure: "recovery to 95 % charged",
    figure: ({ recovery }) => seconds(recovery),
    claim: "with <= 3 s",
    holds: (_plain, guarded) => guarded.recovery <= 3000,
  },
  {
    measure: "breaker opened (times), at last",
    figure: ({ openings, lastState }) => (lastState === undefined ? "none" : `${openings}, ${lastState}`),
    claim: "with: opened, closed at last",
    holds: (_plain, guarded) => guarded.openings > 0 && guarded.lastState === "closed",
  },
];

export const NOT_PROVEN = [
  "Baldur did not charge more orders: while its circuit is open none is charged, and it closes only after",
  "a probe succeeds, about a second after the gateway is back. The shop without it charges at once.",
  "Orders that were accepted but not charged are kept by nothing yet: a real shop would lose those",
  "payments. The dead-letter queue that keeps failed work and replays it comes later.",
  "A charge that timed out may have gone through: nothing here looks for orders charged twice.",
  "The cooldown after 429 is set not to grow beyond the second that the gateway asks for; by default it",
  "doubles with every probe that is answered 429 again, and recovery then takes longer than this run.",
  "One host, the loopback interface, one shop process, a synthetic gateway and an even load: no packet",
  "loss, no name lookup, no TLS, no shared state between instances, no bursts, nothing longer than this.",
  "The shop without Baldur has a timeout of 2 s and no fallback; a better one by hand would do better.",
];

/** Adds to each row its two figures and whether its claim holds. */
export function judge(plain, guarded) {
  return ROWS.map(({ measure, figure, claim, holds }) => ({
    measure,
    plain: figure(plain),
    guarded: figure(guarded),
    claim: claim ?? "",
    holds: holds?.(plain, guarded),
  }));
}
