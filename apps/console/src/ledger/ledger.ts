import type { CircuitRow } from "../api/types.js";
import { timeOf } from "../text/format.js";
import type { Happening } from "./happenings.js";

/** A stretch of time. Milliseconds by the server's clock. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** A circuit that was open. */
export interface Span extends Stretch {
  readonly name: string;
  readonly isOver: boolean;
}

type Counted = "captured" | "replayed" | "settled";

/** Counts by the time, for drawing. Null where nothing is known: that is not zero. */
type Series = { readonly [K in Counted]: readonly (number | null)[] };

export interface Ledger extends Series {
  /** Where each bucket begins. */
  readonly times: readonly number[];
  readonly bucket: number;
  readonly spans: readonly Span[];
  readonly totals: { readonly [K in Counted]: number };
}

export interface LedgerFacts {
  readonly happenings: readonly Happening[];
  /** From when on the journal was read. */
  readonly knownFrom: number;
  readonly circuits: readonly CircuitRow[];
  readonly stretch: Stretch;
  readonly bucket: number;
  /** By the server's clock. The stretch ends with its bucket, a little later. */
  readonly now: number;
  /** Whether anything keeps failed calls: otherwise none are known of. */
  readonly hasQueue: boolean;
}

/** What came in and what was made good, over a stretch of time. */
export function ledgerOf(facts: LedgerFacts): Ledger {
  const { happenings, stretch, bucket } = facts;
  const times: number[] = [];
  for (let at = stretch.from; at < stretch.to; at += bucket) times.push(at);
  const within = happenings.filter(({ at }) => at >= stretch.from && at < stretch.to);
  return {
    ...ofEach((kind) => counted(within, kind, times, facts)),
    totals: ofEach((kind) => sum(within, kind)),
    spans: spansOf(facts),
    times,
    bucket,
  };
}

function ofEach<T>(make: (kind: Counted) => T): { [K in Counted]: T } {
  return { captured: make("captured"), replayed: make("replayed"), settled: make("settled") };
}

function counted(
  happenings: readonly Happening[],
  kind: Counted,
  times: readonly number[],
  { knownFrom, bucket, stretch, hasQueue }: LedgerFacts,
): (number | null)[] {
  const counts: (number | null)[] = times.map((at) => (hasQueue && at + bucket > knownFrom ? 0 : null));
  for (const happening of happenings) {
    if (happening.kind !== kind) continue;
    const index = Math.floor((happening.at - stretch.from) / bucket);
    counts[index] = (counts[index] ?? 0) + happening.count;
  }
  return counts;
}

function sum(happenings: readonly Happening[], kind: Counted): number {
  return happenings.reduce((total, happening) => total + (happening.kind === kind ? happening.count : 0), 0);
}

/** When which circuits were open: by what the journal says, and by how they are now. */
function spansOf({ happenings, circuits, knownFrom, stretch, now }: LedgerFacts): Span[] {
  const openedAt = new Map<string, number>();
  const spans: Span[] = [];
  const known = new Set<string>();
  for (const { kind, name, at } of happenings.toSorted((a, b) => a.at - b.at)) {
    if (kind === "opened" && !openedAt.has(name)) openedAt.set(name, at);
    if (kind === "closed") {
      const from = openedAt.get(name) ?? (known.has(name) ? undefined : knownFrom);
      if (from !== undefined) spans.push({ name, from, to: at, isOver: true });
      openedAt.delete(name);
    }
    if (kind === "opened" || kind === "closed") known.add(name);
  }
  for (const { name, state, since } of circuits) {
    const isOver = state !== "open" && state !== "half_open" && state !== "forced_open";
    // A process that dies tells of no closing: it was open until the one that is asked began anew.
    const from = openedAt.get(name) ?? (isOver ? undefined : timeOf(since));
    const to = isOver ? timeOf(since) : now;
    if (from !== undefined && to !== undefined) spans.push({ name, from, to, isOver });
  }
  return spans.flatMap((span) => clipped(span, stretch));
}

function clipped(span: Span, { from, to }: Stretch): Span[] {
  const cut = { ...span, from: Math.max(from, span.from), to: Math.min(to, span.to) };
  return cut.to > cut.from ? [cut] : [];
}
