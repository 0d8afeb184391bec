import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { explain } from "../api/explain.js";
import { Age } from "../parts/age.js";
import { Segments } from "../parts/fields.js";
import { Icon } from "../parts/icon.js";
import { useConsole, useSource } from "../state/console.js";
import { useSignal } from "../state/signal.js";
import { isAbsent } from "../state/source.js";
import { seconds, serverNow } from "../state/time.js";
import { Chart } from "./chart.js";
import { type Told, useHistory } from "./history.js";
import { ledgerOf, type Stretch } from "./ledger.js";
import { Legend } from "./legend.js";
import { Numbers } from "./numbers.js";

const MINUTE = 60_000;
const LENGTHS = [
  { value: "15", label: "15 min" },
  { value: "60", label: "1 h" },
  { value: "360", label: "6 h" },
  { value: "1440", label: "24 h" },
];
const BUCKETS = 60;

/** What was lost to failures, and what was made good, over time. */
export function LedgerPanel(): JSX.Element {
  const [minutes, setMinutes] = useState("15");
  const length = Number(minutes) * MINUTE;
  const told = useHistory(length);
  return (
    <section class="ledger" aria-labelledby="ledger-title">
      <header class="ledger-head">
        <h2 id="ledger-title">Healing</h2>
        <span class="row-age">{told.at !== undefined && <Age at={told.at} />}</span>
        <Segments label="How far back" value={minutes} choices={LENGTHS} onChange={setMinutes} />
      </header>
      <Figures told={told} length={length} />
    </section>
  );
}

function Figures({ told, length }: { readonly told: Told; readonly length: number }): JSX.Element {
  const { circuits, queue } = useConsole().sources.always;
  const rows = useSource(circuits).data ?? [];
  const hasQueue = !isAbsent(useSource(queue));
  const [point, setPoint] = useState<number>();
  const stretch = useStretch(length);
  const ledger = useMemo(
    () =>
      ledgerOf({
        ...told,
        circuits: rows,
        stretch,
        bucket: length / BUCKETS,
        now: serverNow(),
        hasQueue,
      }),
    [told, rows, stretch, hasQueue],
  );
  return (
    <>
      <Caveat told={told} stretch={stretch} />
      <Chart ledger={ledger} stretch={stretch} onPoint={setPoint} />
      <Legend ledger={ledger} point={point} hasQueue={hasQueue} isKnown={told.at !== undefined} />
      <Numbers ledger={ledger} />
    </>
  );
}

/** It moves by whole buckets, so that a bar does not change its bounds. */
function useStretch(length: number): Stretch {
  useSignal(seconds);
  const bucket = length / BUCKETS;
  const to = Math.ceil(serverNow() / bucket) * bucket;
  return useMemo(() => ({ from: to - length, to }), [to, length]);
}

/** What is not known of the stretch. */
function Caveat({ told, stretch }: { readonly told: Told; readonly stretch: Stretch }): JSX.Element | null {
  const { api } = useConsole();
  const { failure, knownFrom, isComplete, at } = told;
  const notes: string[] = [];
  if (failure !== undefined) {
    const { message } = explain(failure, { hasKey: api.key.value !== "" });
    notes.push(
      `The journal could not be read: ${message}.${at === undefined ? "" : " What is shown is old."}`,
    );
  }
  if (!isComplete)
    notes.push("The journal's store does not answer: only what this process remembers is shown.");
  if (knownFrom > stretch.from + MINUTE && at !== undefined)
    notes.push("There is more than can be shown: where the chart is empty at the left, nothing was read.");
  if (notes.length === 0) return null;
  return (
    <div class="trouble" role="note">
      <Icon name="unknown" />
      <p>{notes.join(" ")}</p>
    </div>
  );
}
