import { activePin, type FleetRow, isCovered } from "./merge.js";
import type { CircuitRecord, CircuitVote, ProbeLease } from "./record.js";
import type {
  EndAnswer,
  ProbeAnswer,
  ProbeEnding,
  ProbeRequest,
  ProbeToken,
  PublishAnswer,
  TripAnswer,
} from "./store.js";

/** What is to become of a record, decided on it as it is. */
export interface Change<A> {
  readonly answer: A;
  /** Absent: it stays as it is. */
  readonly record?: CircuitRecord;
  /** Before this time, or from the other one on, it would have been decided otherwise. */
  readonly notBefore?: number;
  readonly notAfter?: number;
}

type Found = CircuitRecord | undefined;

/** Greater than every epoch before, of a store that lost its data too, as long as its clock goes on. */
function nextEpoch(before: number, now: number): number {
  return Math.max(before + 1, Math.floor(now));
}

/**
 * The record that a row makes. Probes that are still out matter as long as there may be others; whose time is over is for
 * the store's clock to say, when a place is taken.
 */
function become(found: Found, row: FleetRow, known: number, now: number): CircuitRecord {
  const { unconfirmed: _, ...rest } = row;
  return {
    ...rest,
    revision: (found?.revision ?? Math.floor(now)) + 1,
    epoch: nextEpoch(Math.max(found?.epoch ?? 0, known), now),
    successes: 0,
    probes: row.state === "closed" ? [] : (found?.probes ?? []),
    votes: row.state === "closed" ? [] : (found?.votes ?? []),
  };
}

/** A row that no operator decided leaves what they did decide as it is. */
function automatic({ pin: _, ...row }: FleetRow, found: Found): FleetRow {
  return { ...row, pinned: found?.pinned ?? 0 };
}

/** The next revision of a record in the same epoch. */
function amend(found: CircuitRecord, change: Partial<CircuitRecord>): CircuitRecord {
  return { ...found, ...change, revision: found.revision + 1 };
}

export function trip(
  found: Found,
  row: FleetRow,
  { quorum, instance, until }: CircuitVote & { readonly quorum: number },
  now: number,
): Change<TripAnswer> {
  if (found !== undefined && activePin(found, now) !== undefined)
    return { answer: { kind: "pinned", record: found } };
  if (found !== undefined && isCovered(row, found, now)) return { answer: { kind: "open", record: found } };
  const others = (found?.votes ?? []).filter((vote) => vote.instance !== instance && vote.until > now);
  const votes = [...others, { instance, until }];
  // Half-open, or due for it: the fleet has agreed on that before.
  const isAgreed = found !== undefined && found.state !== "closed";
  if (votes.length < quorum && !isAgreed) return vote(found ?? unknown(row.name, now), votes);
  const record = { ...become(found, automatic(row, found), row.epoch, now), votes };
  return { answer: { kind: "opened", record }, record };
}

function vote(found: CircuitRecord, votes: readonly CircuitVote[]): Change<TripAnswer> {
  const record = amend(found, { votes });
  return { answer: { kind: "voted", record }, record };
}

/** Holds votes before the store has accepted anything. */
function unknown(name: string, now: number): CircuitRecord {
  const times = { since: 0, openUntil: 0 };
  const empty = { successes: 0, probes: [], votes: [] };
  return {
    name,
    revision: Math.floor(now),
    epoch: 0,
    state: "closed",
    ...times,
    trigger: "manual",
    by: "",
    pinned: 0,
    ...empty,
  };
}

/** A store whose epoch is smaller has lost something that the writer knows. */
export function publish(
  found: Found,
  row: FleetRow,
  expectedEpoch: number,
  now: number,
): Change<PublishAnswer> {
  if (found !== undefined && found.epoch > expectedEpoch)
    return { answer: { written: false, record: found } };
  const record = become(found, row, expectedEpoch, now);
  return { answer: { written: true, record }, record };
}

export function acquireProbe(found: Found, request: ProbeRequest, now: number): Change<ProbeAnswer> {
  if (found === undefined || found.epoch === 0) return { answer: { kind: "unknown" } };
  if (activePin(found, now) !== undefined) return { answer: { kind: "pinned", record: found } };
  if (found.state === "closed") return { answer: { kind: "closed", record: found } };
  if (found.state === "open" && now < found.openUntil) return { answer: { kind: "waiting", record: found } };
  const others = live(found, now).filter(({ owner }) => owner !== request.owner);
  if (others.length >= request.limit) return { answer: { kind: "full", record: found } };
  const began = found.state === "open";
  const record = began ? halfOpen(found, request, now) : amend(found, {});
  const { epoch } = record;
  const lease = { owner: request.owner, epoch, deadline: now + request.ttl };
  const over = found.probes.filter(({ deadline }) => deadline <= now);
  const reclaimed = over.length;
  const next = { ...record, probes: [...others, lease] };
  return {
    answer: { kind: "granted", lease: { owner: request.owner, epoch }, record: next, began, reclaimed },
    record: next,
    notBefore: Math.max(began ? found.openUntil : 0, ...over.map(({ deadline }) => deadline)),
  };
}

function halfOpen(found: CircuitRecord, { by }: ProbeRequest, now: number): CircuitRecord {
  const state = { state: "half_open", since: now, openUntil: 0, by, unconfirmed: false } as const;
  return become(found, automatic({ ...found, ...state }, found), 0, now);
}

function live(found: Found, now: number): readonly ProbeLease[] {
  return found?.probes.filter(({ deadline }) => deadline > now) ?? [];
}

export function endProbe(
  found: Found,
  token: ProbeToken,
  ending: ProbeEnding,
  now: number,
): Change<EndAnswer> {
  if (found === undefined) return { answer: { kind: "lost" } };
  const isHeld = ({ owner, epoch }: ProbeLease): boolean => owner === token.owner && epoch === token.epoch;
  const held = live(found, now).find(isHeld);
  if (held === undefined) return { answer: { kind: "lost", record: found } };
  const notAfter = held.deadline;
  const isOfNow = held.epoch === found.epoch;
  const successes = found.successes + (isOfNow && ending.how === "success" ? 1 : 0);
  const left = amend(found, { successes, probes: found.probes.filter((probe) => probe !== held) });
  if (!isOfNow) return { answer: { kind: "lost", record: left }, record: left, notAfter };
  const isDecided = ending.how === "failure" || (ending.how === "success" && successes >= ending.after);
  if (!isDecided) return { answer: { kind: "kept", record: left }, record: left, notAfter };
  const record = { ...become(left, automatic(ending.row, found), 0, now), revision: left.revision };
  return { answer: { kind: "decided", record }, record, notAfter };
}
