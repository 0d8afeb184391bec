import { KINDS, type RowKind } from "../rows/kinds.js";
import { isDoorOpen, useConsole } from "../state/console.js";
import { useSignal } from "../state/signal.js";
import { isAbsent } from "../state/source.js";
import { NAMES, type Sources } from "../state/sources.js";
import { hasReported, type Moment, type Standing } from "../state/standing.js";
import { seconds } from "../state/time.js";

export interface Stood {
  readonly kind: RowKind;
  readonly standing: Standing;
}

/** The moment that everything is judged at; with every second there is another. */
export function useMoment(): Moment {
  const { posture } = useConsole().sources.always;
  return { now: useSignal(seconds), isOpen: isDoorOpen(useSignal(posture.reading)) };
}

/** How every row stands now; parts that the server does not have are left out. */
export function useStandings(): readonly Stood[] {
  const { always } = useConsole().sources;
  const moment = useMoment();
  for (const source of Object.values(always)) useSignal<unknown>(source.reading);
  const there = KINDS.filter(({ part }) => part === undefined || !isAbsent(always[part].reading.value));
  return there.map((kind) => ({ kind, standing: kind.assess(always, moment) }));
}

/** Who has said lately how it is, and who has not. */
export interface Attendance {
  readonly reported: number;
  readonly expected: number;
  readonly silent: readonly string[];
  /** Of the newest answer. */
  readonly newest: number | undefined;
}

export function attendanceOf(always: Sources["always"], moment: Moment): Attendance {
  const keys = Object.keys(always) as (keyof Sources["always"])[];
  const expected = keys.filter((key) => !isAbsent(always[key].reading.value));
  const silent = expected.filter((key) => !hasReported(always[key], moment));
  const times = keys.flatMap((key) => always[key].reading.value.at ?? []);
  return {
    reported: expected.length - silent.length,
    expected: expected.length,
    silent: silent.map((key) => NAMES[key]),
    newest: times.length === 0 ? undefined : Math.max(...times),
  };
}
