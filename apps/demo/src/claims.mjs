const percent = (value) => `${value.toFixed(1)} %`;
const ms = (value) => `${Math.round(value)} ms`;
const seconds = (value) => (Number.isFinite(value) ? `${(value / 1000).toFixed(1)} s` : "never");
const share = (part, { sent }) => `${part} (${percent((100 * part) / sent)})`;
const counts =
  (name) =>
  ({ [name]: count }) =>
    String(count);

/** The calls that the recovered gateway is claimed to stay below: 60 orders and 150 replays a second, and a third. */
const PEAK = 280;

const inEvery = (holds) => (rounds) => Object.values(rounds).every(holds);

/**
 * The rows of the table: a measure, its figure in a round and, where something is claimed, the claim and its test over
 * the rounds. A row without a claim only informs.
 */
const ROWS = [
  {
    measure: "runs as",
    figure: ({ tier }) => ({ none: "no Baldur", oss: "no licence", pro: "licensed" })[tier],
    claim: "as the column says",
    holds: ({ plain, oss, pro }) => plain.tier === "none" && oss.tier === "oss" && pro.tier === "pro",
  },
  { measure: "orders sent", figure: counts("sent") },
  { measure: "  answered 200, charged", figure: (round) => share(round.charged, round) },
  { measure: "  answered 202, will be charged", figure: (round) => share(round.accepted, round) },
  { measure: "  answered 503, try later", figure: (round) => share(round.refused, round) },
  { measure: "  not answered in 5 s", figure: (round) => share(round.unanswered, round) },
  {
    measure: "gateway ended once, shop twice, by",
    figure: ({ signals }) => (new Set(signals).size === 1 ? signals[0] : signals.join(", ")),
    claim: "SIGKILL in every round",
    holds: inEvery(({ signals }) => signals.length === 3 && signals.every((signal) => signal === "SIGKILL")),
  },
  {
    measure: "  charges in flight in the first shop",
    figure: counts("inFlight"),
    claim: "some in every round",
    holds: inEvery(({ inFlight }) => inFlight > 0),
  },
  {
    measure: "  orders that it had answered 202",
    figure: counts("acceptedBefore"),
    claim: "PRO: some",
    holds: ({ pro }) => pro.acceptedBefore > 0,
  },
  {
    measure: "  replays in flight in the second shop",
    figure: counts("replaying"),
    claim: "PRO: some",
    holds: ({ pro }) => pro.replaying > 0,
  },
  {
    measure: "  replays that the third took back",
    figure: counts("takenBack"),
    claim: "PRO: some",
    holds: ({ pro }) => pro.takenBack > 0,
  },
  { measure: "  orders that the client sent again", figure: counts("sentAgain") },
  {
    measure: "availability (2xx within 1 s)",
    figure: ({ availability }) => percent(availability),
    claim: "PRO >= 1.5 x each other",
    holds: ({ plain, oss, pro }) => pro.availability >= 1.5 * Math.max(plain.availability, oss.availability),
  },
  { measure: "p50 of all answers", figure: ({ p50 }) => ms(p50) },
  {
    measure: "p99 of all answers",
    figure: ({ p99 }) => ms(p99),
    claim: "OSS, PRO < without",
    holds: ({ plain, oss, pro }) => Math.max(oss.p99, pro.p99) < plain.p99,
  },
  { measure: "  that the client itself was late", figure: ({ late }) => ms(late) },
  {
    measure: "calls at the dying gateway",
    figure: ({ reached }) => String(reached.inAll),
    claim: "OSS, PRO <= half of without",
    holds: ({ plain, oss, pro }) =>
      plain.reached.inAll > 0 && Math.max(oss.reached.inAll, pro.reached.inAll) <= plain.reached.inAll / 2,
  },
  { measure: "  tried while it was killed", figure: ({ reached }) => String(reached.killed) },
  { measure: "  received while it hung", figure: ({ reached }) => String(reached.hung) },
  { measure: "  received while it said 429", figure: ({ reached }) => String(reached.limited) },
  {
    measure: "recovery to 95 % charged at once",
    figure: ({ recovery }) => seconds(recovery),
    claim: "OSS, PRO <= 3 s",
    holds: ({ oss, pro }) => Math.max(oss.recovery, pro.recovery) <= 3000,
  },
  {
    measure: "breaker opened (times), at last",
    figure: ({ openings, lastState }) => (lastState === undefined ? "none" : `${openings}, ${lastState}`),
    claim: "OSS, PRO: opened, closed at last",
    holds: ({ oss, pro }) =>
      [oss, pro].every(({ openings, lastState }) => openings > 0 && lastState === "closed"),
  },
  { measure: "by the gateway's ledger", figure: () => "" },
  {
    measure: "  charged exactly once",
    figure: (round) => share(round.once, round),
    claim: "PRO: every order",
    holds: ({ pro }) => pro.once === pro.sent,
  },
  { measure: "  never charged", figure: (round) => share(round.never, round) },
  {
    measure: "    although answered 200 or 202: lost",
    figure: counts("lost"),
    claim: "0 in every round",
    holds: inEvery(({ lost }) => lost === 0),
  },
  {
    measure: "  charged twice",
    figure: counts("doubled"),
    claim: "0 in every round",
    holds: inEvery(({ doubled }) => doubled === 0),
  },
  {
    measure: "  charged, but answered 503 or not at all",
    figure: counts("secretly"),
    claim: "PRO: 0",
    holds: ({ pro }) => pro.secretly === 0,
  },
  {
    measure: "  received again, not charged again",
    figure: counts("duplicates"),
    claim: "PRO: some, so it was put to the test",
    holds: ({ pro }) => pro.duplicates > 0,
  },
  {
    measure: "accepted orders all charged after",
    figure: ({ drain }) => (drain === undefined ? "none accepted" : seconds(drain)),
    claim: "PRO <= 15 s",
    holds: ({ pro }) => pro.drain <= 15_000,
  },
  {
    measure: "  replays, failed",
    figure: ({ replays, failedReplays }) => (replays === 0 ? "none" : `${replays}, ${failedReplays}`),
  },
  {
    measure: "  most calls in 1 s at the gateway",
    figure: counts("peak"),
    claim: `PRO <= ${PEAK}`,
    holds: ({ pro }) => pro.peak <= PEAK,
  },
];

export const NOT_PROVEN = [
  "Exactly once is the work of two: Baldur calls at least once, always with the order's own key, and the gateway",
  "charges a key once. What it received again is what it had charged while it hung, without telling anybody, and what",
  "the dead shops left unanswered or half replayed. With a gateway that knows no keys those are charged twice.",
  "A process was killed, not a machine: nothing here cuts the power or fills the disk, and what is kept is on one disk.",
  "Without a licence nothing is kept: those orders are answered 503 at once, and whether they come back is up to the",
  "client. OSS did not charge more of them than the shop without Baldur; it spared the gateway and the client's time.",
  "No order was declined: one that the recovered gateway declines is handed to a person. The shop was restarted once in",
  "the outage.",
  "The pace of the replays (150 per second after 2 s, by default 50 after 30 s), their concurrency (8, not 4), the",
  "batches after a restart (100, not 10) and the cooldown after 429 (a second at most) are set for a short run.",
  "One host, the loopback interface, one shop process (four as a fleet), a synthetic gateway and an even load: no packet",
  "loss, no name lookup, no TLS, no shared state between hosts, no bursts, nothing longer than this.",
  "The shop without Baldur has a timeout of 2 s and no queue; a better one by hand would do better.",
];

/** Adds to each row its figures and whether its claim holds. */
export function judge(rounds) {
  return ROWS.map(({ measure, figure, claim, holds }) => ({
    measure,
    figures: Object.values(rounds).map(figure),
    claim: claim ?? "",
    holds: holds?.(rounds),
  }));
}
