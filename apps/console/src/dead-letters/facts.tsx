import type { JSX } from "preact";
import type { DeadLetter } from "../api/types.js";
import { When } from "../parts/age.js";
import { Badge } from "../parts/badge.js";
import { Fact, Facts, Figure, Value } from "../parts/value.js";
import { textOf } from "../text/clean.js";
import { statusWords } from "./statuses.js";

/** What an entry is, and where it is on its way. */
export function EntryFacts({ entry }: { readonly entry: DeadLetter }): JSX.Element {
  const { label, grade } = statusWords(entry.status);
  return (
    <Facts>
      <Fact label="Status">
        <Badge {...(grade !== undefined && { grade })}>{label}</Badge>
      </Fact>
      <Fact label="Name">
        <Value of={entry.name} />
      </Fact>
      <Fact label="Domain">
        <Value of={entry.domain} />
      </Fact>
      <Fact label="Id">
        <code>
          <Value of={entry.id} />
        </code>
      </Fact>
      <Fact label="Captured">
        <When at={entry.createdAt} />
      </Fact>
      <Fact label="Replays">
        <Figure of={entry.retryCount} /> of <Figure of={entry.maxRetries} />
        {entry.lastRetryAt !== undefined && (
          <>
            , the last <When at={entry.lastRetryAt} />
          </>
        )}
      </Fact>
      <Fact label="Expires">
        <When at={entry.expiresAt} />
      </Fact>
      <Settled entry={entry} />
      <Hints entry={entry} />
    </Facts>
  );
}

function Settled({ entry }: { readonly entry: DeadLetter }): JSX.Element | null {
  const { resolvedAt, resolvedById, resolutionType, resolutionNote } = entry;
  if (resolvedAt === undefined) return null;
  return (
    <>
      <Fact label="Settled">
        <When at={resolvedAt} />
        {resolvedById !== undefined && (
          <>
            {" by "}
            <Value of={resolvedById} longest={120} />
          </>
        )}
        {resolutionType && (
          <>
            {": "}
            <Value of={textOf(resolutionType).replaceAll("_", " ")} longest={80} />
          </>
        )}
      </Fact>
      {resolutionNote && (
        <Fact label="Note">
          <Value of={resolutionNote} />
        </Fact>
      )}
    </>
  );
}

const HINTS = [
  ["recommendedAction", "Recommended"],
  ["nextActionHint", "Next step"],
  ["entityType", "Entity"],
  ["entityId", "Entity id"],
  ["userId", "User"],
] as const;

function Hints({ entry }: { readonly entry: DeadLetter }): JSX.Element {
  return (
    <>
      {HINTS.filter(([key]) => entry[key] !== undefined && entry[key] !== "").map(([key, label]) => (
        <Fact key={key} label={label}>
          <Value of={entry[key]} longest={300} />
        </Fact>
      ))}
    </>
  );
}
