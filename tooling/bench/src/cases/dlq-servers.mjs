import { interleave, ratePerSecond } from "../harness.mjs";
import { payload } from "../payload.mjs";
import { integer } from "../report.mjs";
import { median, ratio } from "../statistics.mjs";
import { open as openBullmq } from "../subjects/bullmq.mjs";
import { open as openPostgres } from "../subjects/dlq-postgres.mjs";
import { open as openRedis } from "../subjects/dlq-redis.mjs";
import { open as openPgBoss } from "../subjects/pg-boss.mjs";

const FEW = 100;
const BULK = 1000;
const BATCH = 100;
/** Batches under way at a time: one is made ready while the other is answered. */
const LANES = 2;
/** Of a sample: some 200 ms of work. */
const ENTRIES = { postgres: 6000, redis: 10_000, pgboss: 1500, bullmq: 4000 };
const FINISHED = 1_000_000;
const CHUNK = 50_000;

const payloads = (count) => Array.from({ length: count }, (_, index) => payload(index));

/** Stores with few in flight and in bulk, claims and settles all that, and runs some of it through the whole queue. */
function queueProbe(subject, count) {
  return async () => {
    const few = await ratePerSecond((index) => subject.store(payload(index)), count, FEW);
    const bulk = await subject.bulk(payloads(count), BULK);
    const drained = await subject.claimAndSettle(count, BATCH, LANES);
    await subject.vacuum?.();
    const vacuumed = await subject.claimAndSettle(count, BATCH, LANES);
    const tenth = count / 10;
    await ratePerSecond((index) => subject.store(payload(index)), tenth, FEW);
    const run = await subject.drain(tenth);
    return { few, bulk, drained, vacuumed, run };
  };
}

function pgBossProbe(subject, count) {
  return async () => {
    const few = await ratePerSecond((index) => subject.store(payload(index)), count, FEW);
    const bulk = await subject.bulk(payloads(6 * BULK), BULK);
    const drained = await subject.drain(3 * BULK, LANES);
    await subject.vacuum();
    const vacuumed = await subject.drain(3 * BULK, LANES);
    await subject.clean();
    return { few, bulk, drained, vacuumed };
  };
}

function bullmqProbe(subject, count) {
  return async () => {
    const few = await ratePerSecond((index) => subject.store(payload(index)), count, FEW);
    const drained = await subject.drain(count);
    await subject.clean();
    return { few, drained };
  };
}

/** What a million entries that are done do to the queue. */
async function finished(subject) {
  const rate = async (samples) => {
    const rates = [];
    for (let sample = 0; sample < samples; sample++) {
      await subject.bulk(payloads(ENTRIES.postgres), BULK);
      rates.push(await subject.claimAndSettle(ENTRIES.postgres, BATCH, LANES));
    }
    return median(rates);
  };
  const before = await rate(7);
  for (let done = 0; done < FINISHED; done += CHUNK) {
    await subject.bulk(payloads(CHUNK), BULK);
    await subject.claimAndSettle(CHUNK, BATCH, LANES);
  }
  await subject.vacuum();
  return { before, after: await rate(7) };
}

/** The dead-letter queue on Postgres and on Redis, beside the job queues that are at home there. */
export async function measure({ rounds, full }) {
  const subjects = {};
  try {
    const opens = { postgres: openPostgres, redis: openRedis, pgboss: openPgBoss, bullmq: openBullmq };
    for (const [name, open] of Object.entries(opens)) subjects[name] = await open();
    const probes = {
      postgres: queueProbe(subjects.postgres, ENTRIES.postgres),
      redis: queueProbe(subjects.redis, ENTRIES.redis),
      pgboss: pgBossProbe(subjects.pgboss, ENTRIES.pgboss),
      bullmq: bullmqProbe(subjects.bullmq, ENTRIES.bullmq),
    };
    await interleave(probes, 2); // warm-up
    const values = await interleave(probes, rounds(7));
    return [...report(values, subjects), ...(full ? [aged(await finished(subjects.postgres))] : [])];
  } finally {
    await Promise.all(Object.values(subjects).map((subject) => subject.close()));
  }
}

function report(values, subjects) {
  const of = (name, field) => values[name].map((sample) => sample[field]);
  const figure = (name, field) => `${integer(median(of(name, field)))}/s`;
  const row = (what, [ours, field], [peer, theirs, words], atLeast) => ({
    what,
    baldur: figure(ours, field),
    peer: `${words} ${figure(peer, theirs)}`,
    reached: ratio(of(ours, field), of(peer, theirs)),
    atLeast,
  });
  const rate = (what, name, field, atLeast) => {
    const reached = median(of(name, field));
    const { version } = subjects[name];
    return { what, baldur: figure(name, field), peer: version, reached, unit: "/s", atLeast };
  };
  const settled = `claimed and settled, ${BATCH} at a time`;
  const sent = `stored with ${FEW} in flight`;
  return [
    rate(`dead letters on Postgres: ${sent}`, "postgres", "few", 30_000),
    row("the same", ["postgres", "few"], ["pgboss", "few", "pg-boss `send`"], 8),
    row(
      `stored ${integer(BULK)} at a time`,
      ["postgres", "bulk"],
      ["pgboss", "bulk", "pg-boss `insert`"],
      1.5,
    ),
    rate(settled, "postgres", "drained", 40_000),
    row("the same", ["postgres", "drained"], ["pgboss", "drained", "pg-boss fetch and complete"], 2),
    row(
      "the same, where both were vacuumed just before",
      ["postgres", "vacuumed"],
      ["pgboss", "vacuumed", "pg-boss fetch and complete"],
    ),
    row(
      "run again with a handler that does nothing",
      ["postgres", "run"],
      ["pgboss", "drained", "pg-boss fetch and complete"],
    ),
    rate(`dead letters on Redis: ${sent}`, "redis", "few", 80_000),
    row("the same", ["redis", "few"], ["bullmq", "few", "BullMQ `add`"], 1.5),
    rate(settled, "redis", "drained", 55_000),
    row("the same", ["redis", "drained"], ["bullmq", "drained", "BullMQ worker"], 2),
    row(
      "run again with a handler that does nothing",
      ["redis", "run"],
      ["bullmq", "drained", "BullMQ worker"],
    ),
  ];
}

const aged = ({ before, after }) => ({
  what: `claimed and settled on Postgres after ${integer(FINISHED)} are done, over before`,
  baldur: `${integer(after)}/s`,
  peer: `${integer(before)}/s before`,
  reached: after / before,
  atLeast: 0.8,
});
