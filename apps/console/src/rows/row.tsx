import type { ComponentChildren, JSX } from "preact";
import { Age } from "../parts/age.js";
import { Boundary } from "../parts/boundary.js";
import { GradeIcon, Icon } from "../parts/icon.js";
import type { Finding, Standing } from "../state/standing.js";
import { clean } from "../text/clean.js";
import { count } from "../text/format.js";

const SHOWN_FINDINGS = 3;

export interface RowProps {
  readonly id: string;
  readonly title: string;
  readonly standing: Standing;
  /** Whether it has a standing of its own, or is there to be read. */
  readonly isJudged: boolean;
  /** When it was learned. */
  readonly at: number | undefined;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
  readonly children: () => ComponentChildren;
}

/** One part of the server: a line about it, what is to be known of it, and behind them all there is. */
export function Row({
  id,
  title,
  standing,
  isJudged,
  at,
  isOpen,
  onToggle,
  children,
}: RowProps): JSX.Element {
  const { grade, summary, findings } = standing;
  return (
    <section class={`row row-${grade}`} id={`row-${id}`} data-grade={grade}>
      <h3 class="row-head">
        <button type="button" aria-expanded={isOpen} aria-controls={`panel-${id}`} onClick={onToggle}>
          {isJudged ? <GradeIcon grade={grade} /> : <Icon name="page" class="muted" />}
          <span class="row-title">{title}</span>
          <bdi class="row-summary">{clean(summary)}</bdi>
          <span class="row-age">{at !== undefined && <Age at={at} />}</span>
          <Icon name="chevron" class="chevron" />
        </button>
      </h3>
      {findings.length > 0 && <Findings findings={findings} />}
      <div class="row-panel" id={`panel-${id}`} hidden={!isOpen}>
        {isOpen && <Boundary>{children()}</Boundary>}
      </div>
    </section>
  );
}

function Findings({ findings }: { readonly findings: readonly Finding[] }): JSX.Element {
  const rest = findings.length - SHOWN_FINDINGS;
  return (
    <ul class="findings">
      {findings.slice(0, SHOWN_FINDINGS).map(({ grade, text }) => (
        <li key={text} class={`finding finding-${grade}`}>
          <bdi>{clean(text)}</bdi>
        </li>
      ))}
      {rest > 0 && <li class="finding muted">and {count(rest, "more", "more")}</li>}
    </ul>
  );
}
