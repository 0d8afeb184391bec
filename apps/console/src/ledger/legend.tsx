import type { JSX } from "preact";
import { Blank } from "../parts/value.js";
import { some } from "../state/standing.js";
import { brief } from "../text/clean.js";
import { span, whole } from "../text/format.js";
import { clockLabel } from "./clock-label.js";
import type { Ledger, Span } from "./ledger.js";

interface LegendProps {
  readonly ledger: Ledger;
  /** The bucket under the pointer: its numbers instead of the sums. */
  readonly point: number | undefined;
  readonly hasQueue: boolean;
  readonly isKnown: boolean;
}

const ITEMS = [
  { key: "captured", label: "captured" },
  { key: "replayed", label: "replayed" },
  { key: "settled", label: "settled by hand" },
] as const;

/** What the marks of the chart mean, and what they come to. */
export function Legend({ ledger, point, hasQueue, isKnown }: LegendProps): JSX.Element {
  const at = point === undefined ? undefined : ledger.times[point];
  const shownOf = (key: (typeof ITEMS)[number]["key"]): number | null | undefined => {
    if (!isKnown || !hasQueue) return undefined;
    return point === undefined ? ledger.totals[key] : ledger[key][point];
  };
  return (
    <div class="legend">
      <ul>
        {ITEMS.map(({ key, label }) => (
          <li key={key}>
            <i class={`mark mark-${key}`} aria-hidden="true" />
            <Count of={shownOf(key)} /> {label}
          </li>
        ))}
        <li>
          <i class="mark mark-span" aria-hidden="true" />
          <bdi>{openWords(ledger, at)}</bdi>
        </li>
      </ul>
      <p class="muted">
        {at === undefined ? absence(hasQueue) : `${clockLabel(at)} to ${clockLabel(at + ledger.bucket)}`}
      </p>
    </div>
  );
}

function Count({ of }: { readonly of: number | null | undefined }): JSX.Element {
  return of === undefined || of === null ? <Blank /> : <strong class="figure">{whole(of)}</strong>;
}

function absence(hasQueue: boolean): string {
  return hasQueue ? "" : "Nothing here keeps failed calls: there is no dead-letter queue.";
}

/** Which circuits were open, the longest first. */
function openWords({ spans, bucket }: Ledger, at: number | undefined): string {
  const within = at === undefined ? spans : spans.filter(({ from, to }) => from < at + bucket && to > at);
  const lengths = new Map<string, number>();
  for (const { name, from, to } of within) lengths.set(name, (lengths.get(name) ?? 0) + to - from);
  if (lengths.size === 0) return "no circuit open";
  const longest = [...lengths].sort(([, a], [, b]) => b - a);
  const isOpenNow = (name: string): boolean =>
    within.some((each: Span) => each.name === name && !each.isOver);
  const words = longest.map(
    ([name, ms]) => `${brief(name, 40)} ${span(ms)}${isOpenNow(name) ? ", still open" : ""}`,
  );
  return `open: ${some(words, 2, "; ")}`;
}
