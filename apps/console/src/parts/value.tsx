import type { ComponentChildren, JSX } from "preact";
import { brief, jsonOf, textOf } from "../text/clean.js";
import { count, numberOf, whole } from "../text/format.js";

/** Nothing was said about it: neither zero nor none. */
export function Blank(): JSX.Element {
  return (
    <span class="blank" title="not reported">
      <span aria-hidden="true">–</span>
      <span class="unseen">not reported</span>
    </span>
  );
}

/** A value from outside, as text: its direction and its length change nothing around it. */
export function Value({ of, longest }: { readonly of: unknown; readonly longest?: number }): JSX.Element {
  const text = longest === undefined ? textOf(of) : brief(of, longest);
  return text === "" ? <Blank /> : <bdi class="value">{text}</bdi>;
}

/** A number that was reported; anything else stays blank. */
export function Figure({ of }: { readonly of: unknown }): JSX.Element {
  const value = numberOf(of);
  return value === undefined ? <Blank /> : <span class="figure">{whole(value)}</span>;
}

/** A number with what it counts below it. */
export function Tile({ of, label }: { readonly of: unknown; readonly label: string }): JSX.Element {
  return (
    <div class="tile">
      <dd>
        <Figure of={of} />
      </dd>
      <dt>{label}</dt>
    </div>
  );
}

export function Tiles({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return <dl class="tiles">{children}</dl>;
}

interface FactProps {
  readonly label: string;
  readonly children: ComponentChildren;
}

/** A line of a list of facts. */
export function Fact({ label, children }: FactProps): JSX.Element {
  return (
    <div class="fact">
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function Facts({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return <dl class="facts">{children}</dl>;
}

/** Any value as indented JSON. */
export function Json({ of, label }: { readonly of: unknown; readonly label: string }): JSX.Element {
  return <Pre label={label}>{jsonOf(of)}</Pre>;
}

/** Text with lines of its own, in a box that scrolls. */
export function Pre({ label, children }: { readonly label: string; readonly children: string }): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse
    <section class="json" tabIndex={0} aria-label={label}>
      <pre>
        <bdi>{children}</bdi>
      </pre>
    </section>
  );
}

/** Counts by a key, the largest first. */
export function Tally({
  of,
  noun,
}: {
  readonly of: Readonly<Record<string, unknown>>;
  readonly noun: string;
}): JSX.Element {
  const entries = Object.entries(of).sort(([, a], [, b]) => (numberOf(b) ?? 0) - (numberOf(a) ?? 0));
  if (entries.length === 0) return <span class="muted">no {noun}</span>;
  return (
    <ul class="tally" aria-label={count(entries.length, noun)}>
      {entries.map(([key, value]) => (
        <li key={key}>
          <Value of={key} longest={80} /> <Figure of={value} />
        </li>
      ))}
    </ul>
  );
}
