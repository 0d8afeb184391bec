import type { JSX } from "preact";
import type { DeadLetter } from "../api/types.js";
import { Json } from "../parts/value.js";
import { some } from "../state/standing.js";
import { textOf } from "../text/clean.js";

/** Told elsewhere. */
const KNOWN: readonly string[] = ["causes", "stack", "last_replay_error", "masked", "altered", "truncated"];

/** What was captured with the call. */
export function Content({ entry }: { readonly entry: DeadLetter }): JSX.Element {
  const { requestData = {}, snapshotData = {}, responseData = {}, entityRefs = {}, metadata = {} } = entry;
  const rest = Object.fromEntries(Object.entries(metadata).filter(([key]) => !KNOWN.includes(key)));
  const args = requestData["args"] ?? requestData;
  const others = [
    ["References", entityRefs],
    ["Context", snapshotData],
    ["Response", responseData],
    ["More", rest],
  ] as const;
  return (
    <>
      <section class="part">
        <h3>Arguments</h3>
        <Caveats metadata={metadata} />
        {isEmpty(args) ? <p class="muted">None were captured.</p> : <Json of={args} label="Arguments" />}
      </section>
      {others
        .filter(([, value]) => !isEmpty(value))
        .map(([title, value]) => (
          <section class="part" key={title}>
            <h3>{title}</h3>
            <Json of={value} label={title} />
          </section>
        ))}
    </>
  );
}

/** Why they are not what the call had. */
function Caveats({ metadata }: { readonly metadata: Readonly<Record<string, unknown>> }): JSX.Element {
  const { masked, altered, truncated } = metadata;
  const notes: string[] = [];
  if (Array.isArray(masked))
    notes.push(`Masked, so it is not replayed by itself: ${some(masked.map(textOf), 6)}`);
  if (Array.isArray(altered)) notes.push(`Could not be kept as it was: ${some(altered.map(textOf), 6)}`);
  if (truncated === true) notes.push("Cut, for it was too large: it is not replayed by itself");
  return (
    <>
      {notes.map((note) => (
        <p class="note" key={note}>
          <bdi>{note}</bdi>
        </p>
      ))}
    </>
  );
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0)
  );
}
