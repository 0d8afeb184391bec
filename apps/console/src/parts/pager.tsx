import type { JSX } from "preact";
import { count, whole } from "../text/format.js";

interface PagerProps {
  readonly noun: string;
  /** The number of the first row that is shown; from 1. */
  readonly first: number;
  readonly shown: number;
  /** Undefined where nobody counted. */
  readonly total: number | undefined;
  readonly onPrevious: (() => void) | undefined;
  readonly onNext: (() => void) | undefined;
}

/** Which rows of how many are shown, and the way to the others. */
export function Pager({ noun, first, shown, total, onPrevious, onNext }: PagerProps): JSX.Element {
  const range = shown === 0 ? count(0, noun) : `${whole(first)}–${whole(first + shown - 1)}`;
  return (
    <nav class="pager" aria-label={`Pages of ${noun}s`}>
      <p role="status">
        {range}
        {shown > 0 && (total === undefined ? ` ${noun}s` : ` of ${count(total, noun)}`)}
      </p>
      {(onPrevious !== undefined || onNext !== undefined) && (
        <div class="buttons">
          <PageButton label="Previous" go={onPrevious} />
          <PageButton label="Next" go={onNext} />
        </div>
      )}
    </nav>
  );
}

function PageButton({
  label,
  go,
}: {
  readonly label: string;
  readonly go: (() => void) | undefined;
}): JSX.Element {
  return (
    <button type="button" class="button small" aria-disabled={go === undefined} onClick={() => go?.()}>
      {label}
    </button>
  );
}
