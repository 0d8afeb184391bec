import { interleave, ratePerSecond } from "../harness.mjs";
import { payload } from "../payload.mjs";
import { integer } from "../report.mjs";
import { median, ratio } from "../statistics.mjs";

/** What is measured, and how many entries a sample stores at either number in flight: some 200 ms of work. */
const SUBJECTS = {
  baldur: { file: "dlq-baldur.mjs", entries: 20_000 },
  bullmq: { file: "bullmq.mjs", entries: 4000 },
  durableBullmq: { file: "bullmq.mjs", entries: 2000, options: { durable: true } },
  pgboss: { file: "pg-boss.mjs", entries: 1500 },
};
const FEW = 100;
const MANY = 1000;

/** Stores with few and with many in flight, then runs all that with a handler that does nothing. */
function probe(subject, entries) {
  const store = (index) => subject.store(payload(index));
  return async () => {
    const few = await ratePerSecond(store, entries, FEW);
    const many = await ratePerSecond(store, entries, MANY);
    const drained = await subject.drain(2 * entries);
    await subject.clean();
    return { few, many, drained };
  };
}

/** A dead-letter queue that is durable when it acknowledges, beside two job queues. */
export async function measure({ rounds }) {
  const subjects = {};
  try {
    for (const [name, { file, options }] of Object.entries(SUBJECTS))
      subjects[name] = await (await import(`../subjects/${file}`)).open(options);
    const probes = {};
    for (const [name, { entries }] of Object.entries(SUBJECTS)) probes[name] = probe(subjects[name], entries);
    await interleave(probes, 2); // warm-up
    return report(await interleave(probes, rounds(7)), subjects);
  } finally {
    await Promise.all(Object.values(subjects).map((subject) => subject.close()));
  }
}

function report(values, subjects) {
  const of = (name, field) => values[name].map((sample) => sample[field]);
  const rate = (name, field) => median(of(name, field));
  const figure = (name, field) => `${integer(rate(name, field))}/s`;
  const bullmq = (field, action) => `BullMQ ${action} ${figure("bullmq", field)}`;
  const durable = (field, action) => `BullMQ ${action}, synced ${figure("durableBullmq", field)}`;
  const pgboss = (field, action) => `pg-boss ${action} ${figure("pgboss", field)}`;
  const servers = [subjects.bullmq.version, subjects.pgboss.version].join(" and ");
  const beside = (peer, field, peerFigure, atLeast) => ({
    what: `the same with ${field === "few" ? FEW : integer(MANY)} in flight`,
    baldur: figure("baldur", field),
    peer: peerFigure,
    reached: ratio(of("baldur", field), of(peer, field)),
    atLeast,
  });
  return [
    {
      what: `dead letters stored, acknowledged when durable, ${integer(MANY)} in flight`,
      baldur: figure("baldur", "many"),
      peer: servers,
      reached: rate("baldur", "many"),
      unit: "/s",
      atLeast: 80_000,
    },
    beside("pgboss", "few", pgboss("few", "`send`"), 10),
    beside("durableBullmq", "few", durable("few", "`add`"), 2),
    beside("bullmq", "few", bullmq("few", "`add`"), 2),
    beside("pgboss", "many", pgboss("many", "`send`")),
    beside("bullmq", "many", bullmq("many", "`add`")),
    {
      what: "run again with a handler that does nothing",
      baldur: figure("baldur", "drained"),
      peer: `${bullmq("drained", "worker")}, ${pgboss("drained", "fetch and complete")}`,
      reached: rate("baldur", "drained"),
      unit: "/s",
      atLeast: 20_000,
    },
  ];
}
