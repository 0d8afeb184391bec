import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { Age } from "../parts/age.js";
import { GradeIcon } from "../parts/icon.js";
import { useConsole } from "../state/console.js";
import { useSignal } from "../state/signal.js";
import { clean } from "../text/clean.js";
import { attendanceOf, useMoment, useStandings } from "./standings.js";
import { verdictOf } from "./verdict.js";

/** The one sentence to read. */
export function VerdictLine(): JSX.Element {
  const console = useConsole();
  const stood = useStandings();
  const moment = useMoment();
  const { asked } = useSignal(console.sources.always.posture.reading);
  const isPaused = useSignal(console.isPaused);
  const attendance = attendanceOf(console.sources.always, moment);
  const { grade, headline, basis } = verdictOf({ stood, attendance, asked, isPaused, now: moment.now });
  const announced = useMemo(() => headline, [grade]); // durations in it go on, which nobody wants to be told
  return (
    <section class={`verdict verdict-${grade}`} aria-label="Verdict" data-grade={grade}>
      <p class="unseen" role="status">
        {clean(announced)}
      </p>
      <p class="verdict-headline">
        <GradeIcon grade={grade} />
        <bdi>{clean(headline)}</bdi>
      </p>
      <p class="verdict-basis">
        {basis}
        {attendance.newest !== undefined && (
          <>
            {" · newest answer "}
            <Age at={attendance.newest} />
          </>
        )}
      </p>
    </section>
  );
}
