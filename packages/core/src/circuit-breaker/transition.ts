import type { CircuitPolicy } from "./options.js";
import type { WindowTotals } from "./window.js";

/** What put a circuit into the state it is in. @public */
export type Trigger =
  | "failures"
  | "consecutive_failures"
  | "slow_calls"
  | "rate_limit_cascade"
  | "probe"
  | "manual"
  | "recovery";

/** An operator's decision; it outranks every automatic rule until it ends. */
export interface Pin {
  readonly state: "forced_open" | "forced_closed";
  readonly reason: string;
  readonly actor: string;
  /** Absent: until lifted. */
  readonly until?: number;
}

/** A slot of a half-open circuit, held by one call until it ends or its deadline passes. */
interface Probe {
  readonly id: number;
  readonly deadline: number;
}

interface Common {
  /** Changes with every transition: an outcome that carries an older one changes nothing. */
  readonly generation: number;
  readonly since: number;
  readonly pin?: Pin;
}

/**
 * Everything that decides whether a call may pass, apart from the window of a closed circuit. Times are readings of one
 * clock in milliseconds.
 */
export type Snapshot =
  | (Common & { readonly state: "closed" })
  | (Common & { readonly state: "open"; readonly openUntil: number })
  | (Common & { readonly state: "half_open"; readonly probes: readonly Probe[]; readonly successes: number });

export type Input =
  | { readonly kind: "trip"; readonly trigger: Trigger }
  | { readonly kind: "admit"; readonly probe: number }
  | { readonly kind: "probe_ended"; readonly probe: number; readonly how: "success" | "failure" | "neutral" }
  | { readonly kind: "pin"; readonly pin: Pin }
  | { readonly kind: "unpin" }
  | { readonly kind: "reset" };

/** What happened, for events and metrics. Reported by whoever made the new snapshot the current one. */
export type Effect =
  | { readonly kind: "opened"; readonly from: string; readonly trigger: Trigger }
  | { readonly kind: "half_opened" }
  | { readonly kind: "closed"; readonly from: string; readonly trigger: Trigger }
  | { readonly kind: "pin_expired"; readonly pin: Pin }
  | { readonly kind: "probe_reclaimed"; readonly count: number };

export interface Transition {
  readonly snapshot: Snapshot;
  readonly effects: readonly Effect[];
  /** For `admit`: whether the call passes freely, as a probe, or not. */
  readonly admission?: "pass" | "probe" | "refuse";
}

export const INITIAL: Snapshot = Object.freeze({ state: "closed", generation: 0, since: 0 });

/** The next state of a circuit. Pure: the same arguments give the same answer, and nothing is changed. */
export function transition(current: Snapshot, input: Input, policy: CircuitPolicy, now: number): Transition {
  const lifted = expirePin(current, now);
  const { snapshot } = lifted;
  const next = decide(snapshot, input, policy, now);
  return lifted.effects.length === 0 ? next : { ...next, effects: [...lifted.effects, ...next.effects] };
}

/** Lifts a pin whose time has passed; a circuit that it held open goes on as an ordinary open one, due for a probe. */
export function expirePin(snapshot: Snapshot, now: number): Transition {
  const { pin } = snapshot;
  if (pin?.until === undefined || pin.until > now) return unchanged(snapshot);
  return { snapshot: lift(snapshot, now), effects: [{ kind: "pin_expired", pin }] };
}

function decide(snapshot: Snapshot, input: Input, policy: CircuitPolicy, now: number): Transition {
  switch (input.kind) {
    case "pin":
      return pinned(snapshot, input.pin, now);
    case "unpin":
      return snapshot.pin === undefined
        ? unchanged(snapshot)
        : { snapshot: lift(snapshot, now), effects: [] };
    case "reset":
      return close(snapshot, now, "manual");
    case "admit":
      return admit(snapshot, input.probe, policy, now);
    case "trip":
      return snapshot.state === "closed" && snapshot.pin === undefined
        ? open(snapshot, policy, now, input.trigger)
        : unchanged(snapshot);
    case "probe_ended":
      return snapshot.pin === undefined
        ? endProbe(snapshot, input.probe, input.how, policy, now)
        : unchanged(snapshot);
  }
}

function admit(snapshot: Snapshot, probe: number, policy: CircuitPolicy, now: number): Transition {
  if (snapshot.pin !== undefined) {
    return { ...unchanged(snapshot), admission: snapshot.pin.state === "forced_open" ? "refuse" : "pass" };
  }
  if (snapshot.state === "closed") return { ...unchanged(snapshot), admission: "pass" };
  if (snapshot.state === "half_open") return lease(snapshot, probe, policy, now);
  if (now < snapshot.openUntil) return { ...unchanged(snapshot), admission: "refuse" };
  const halfOpen: HalfOpen = {
    state: "half_open",
    generation: snapshot.generation + 1,
    since: now,
    probes: [],
    successes: 0,
  };
  const leased = lease(halfOpen, probe, policy, now);
  return { ...leased, effects: [{ kind: "half_opened" }, ...leased.effects] };
}

type HalfOpen = Extract<Snapshot, { state: "half_open" }>;

function lease(snapshot: HalfOpen, id: number, policy: CircuitPolicy, now: number): Transition {
  const live = snapshot.probes.filter((probe) => probe.deadline > now);
  const reclaimed = snapshot.probes.length - live.length;
  const effects: Effect[] = reclaimed === 0 ? [] : [{ kind: "probe_reclaimed", count: reclaimed }];
  if (live.length >= policy.halfOpenMaxCalls) return { snapshot, effects: [], admission: "refuse" };
  const probes = [...live, { id, deadline: now + policy.probeTimeout }];
  return { snapshot: { ...snapshot, probes }, effects, admission: "probe" };
}

function endProbe(
  snapshot: Snapshot,
  id: number,
  how: "success" | "failure" | "neutral",
  policy: CircuitPolicy,
  now: number,
): Transition {
  if (snapshot.state !== "half_open" || !snapshot.probes.some((probe) => probe.id === id))
    return unchanged(snapshot);
  if (how === "failure") return open(snapshot, policy, now, "probe");
  const probes = snapshot.probes.filter((probe) => probe.id !== id);
  const successes = snapshot.successes + (how === "success" ? 1 : 0);
  if (successes >= policy.successThreshold) return close(snapshot, now, "recovery");
  return { snapshot: { ...snapshot, probes, successes }, effects: [] };
}

function pinned(snapshot: Snapshot, pin: Pin, now: number): Transition {
  const before = visibleState(snapshot);
  const base: Snapshot =
    pin.state === "forced_open"
      ? {
          state: "open",
          generation: snapshot.generation + 1,
          since: now,
          openUntil: openUntilOf(snapshot, now),
          pin,
        }
      : { state: "closed", generation: snapshot.generation + 1, since: now, pin };
  if (before === pin.state)
    return { snapshot: { ...base, generation: snapshot.generation, since: snapshot.since }, effects: [] };
  const kind = pin.state === "forced_open" ? "opened" : "closed";
  return {
    snapshot: base,
    effects: before === base.state ? [] : [{ kind, from: before, trigger: "manual" }],
  };
}

/** A wait that the breaker began on its own is not cut short by a pin. */
function openUntilOf(snapshot: Snapshot, now: number): number {
  return snapshot.state === "open" ? snapshot.openUntil : now;
}

function lift(snapshot: Snapshot, now: number): Snapshot {
  const { pin: _, ...rest } = snapshot;
  return { ...rest, generation: snapshot.generation + 1, since: now };
}

function open(snapshot: Snapshot, policy: CircuitPolicy, now: number, trigger: Trigger): Transition {
  return {
    snapshot: {
      state: "open",
      generation: snapshot.generation + 1,
      since: now,
      openUntil: now + policy.recoveryTimeout,
    },
    effects: [{ kind: "opened", from: snapshot.state, trigger }],
  };
}

function close(snapshot: Snapshot, now: number, trigger: Trigger): Transition {
  const from = visibleState(snapshot);
  return {
    snapshot: { state: "closed", generation: snapshot.generation + 1, since: now },
    effects: snapshot.state === "closed" ? [] : [{ kind: "closed", from, trigger }],
  };
}

/** The state as people see it: a pin shows as itself. */
export function visibleState(snapshot: Snapshot): Snapshot["state"] | Pin["state"] {
  return snapshot.pin?.state ?? snapshot.state;
}

function unchanged(snapshot: Snapshot): Transition {
  return { snapshot, effects: [] };
}

/** Why a closed circuit must open now, if it must. */
export function tripTrigger(
  totals: WindowTotals,
  consecutive: number,
  policy: CircuitPolicy,
): Trigger | undefined {
  if (policy.consecutiveFailureThreshold > 0 && consecutive >= policy.consecutiveFailureThreshold) {
    return "consecutive_failures";
  }
  if (isCascade(totals, policy)) return "rate_limit_cascade";
  if (totals.calls < policy.minimumCalls) return undefined;
  if (
    totals.failures >= policy.failureThreshold &&
    reaches(totals.failures, totals, policy.failureRateThreshold)
  ) {
    return "failures";
  }
  const slow = policy.slowCallDuration !== undefined && totals.slow > 0;
  return slow && reaches(totals.slow, totals, policy.slowCallRateThreshold) ? "slow_calls" : undefined;
}

function isCascade(totals: WindowTotals, policy: CircuitPolicy): boolean {
  return (
    totals.rateLimited >= policy.rateLimitCascadeThreshold &&
    totals.calls >= policy.rateLimitCascadeMinimumCalls &&
    reaches(totals.rateLimited, totals, policy.rateLimitCascadeRate)
  );
}

function reaches(part: number, { calls }: WindowTotals, percent: number): boolean {
  return part * 100 >= percent * calls;
}
