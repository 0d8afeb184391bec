import type { JSX } from "preact";
import type { JournalEntry } from "../api/types.js";
import { When } from "../parts/age.js";
import { Icon } from "../parts/icon.js";
import { Value } from "../parts/value.js";
import { factsOf, gradeOf, titleOf } from "./journal.js";

/** Entries of the journal, the newest first. */
export function EntryList({ entries }: { readonly entries: readonly JournalEntry[] }): JSX.Element {
  return (
    <ol class="events">
      {entries.map((entry) => (
        <Entry key={entry.id} entry={entry} />
      ))}
    </ol>
  );
}

function Entry({ entry }: { readonly entry: JournalEntry }): JSX.Element {
  const { at, name, level, actor, reason } = entry;
  const grade = gradeOf(level);
  const facts = factsOf(entry);
  return (
    <li class="event">
      <span class="event-when">
        <When at={at} />
      </span>
      <span class="event-what">
        <span class="event-name" title={name}>
          {grade !== undefined && (
            <span class={`grade grade-${grade}`}>
              <Icon name={grade} />
              <span class="unseen">{level}: </span>
            </span>
          )}
          <bdi>{titleOf(name)}</bdi>
        </span>
        {facts !== "" && <bdi class="event-facts">{facts}</bdi>}
        {(actor !== undefined || reason !== undefined) && (
          <span class="event-who">
            {actor !== undefined && (
              <>
                by <Value of={actor} longest={80} />
              </>
            )}
            {reason !== undefined && (
              <>
                {" — "}
                <Value of={reason} longest={500} />
              </>
            )}
          </span>
        )}
      </span>
    </li>
  );
}
