import type { JSX } from "preact";
import type { DeadLetter } from "../api/types.js";
import { When } from "../parts/age.js";
import { Badge } from "../parts/badge.js";
import { Block, Empty } from "../parts/block.js";
import { Pager } from "../parts/pager.js";
import { Table } from "../parts/table.js";
import { Figure, Value } from "../parts/value.js";
import { useConsole, useOwnSource, useSource } from "../state/console.js";
import { type Cursor, useCursor } from "../state/cursor.js";
import { EntryDetail } from "./detail.js";
import { listSource, type Narrowing, PER_PAGE } from "./query.js";
import { statusWords } from "./statuses.js";

interface EntryTableProps {
  readonly narrowing: Narrowing;
  readonly onWiden: () => void;
}

/** The entries, the newest first. */
export function EntryTable({ narrowing, onWiden }: EntryTableProps): JSX.Element {
  const cursor = useCursor();
  const source = useOwnSource(listSource(narrowing, cursor.at));
  const reading = useSource(source);
  const isNarrowed = Object.values(narrowing).some((value) => value !== "");
  return (
    <Block source={source} reading={reading}>
      {(page) => (
        <>
          {page.items.length === 0 ? (
            <NoEntries isNarrowed={isNarrowed} onWiden={onWiden} />
          ) : (
            <Entries items={page.items} />
          )}
          <Pages cursor={cursor} shown={page.items.length} total={page.total} next={page.next} />
        </>
      )}
    </Block>
  );
}

interface PagesProps {
  readonly cursor: Cursor;
  readonly shown: number;
  readonly total: number | undefined;
  readonly next: string | undefined;
}

function Pages({ cursor, shown, total, next }: PagesProps): JSX.Element {
  const onNext = next === undefined ? undefined : () => cursor.forth(next);
  return (
    <Pager
      noun="dead letter"
      first={cursor.page * PER_PAGE + 1}
      shown={shown}
      total={total}
      onPrevious={cursor.back}
      onNext={onNext}
    />
  );
}

function NoEntries({
  isNarrowed,
  onWiden,
}: {
  readonly isNarrowed: boolean;
  readonly onWiden: () => void;
}): JSX.Element {
  if (!isNarrowed)
    return (
      <Empty title="No dead letters">
        Calls that fail for good are kept here when they are made with <code>dlq: true</code>.
      </Empty>
    );
  return (
    <Empty title="No dead letter matches">
      <button type="button" class="button small" onClick={onWiden}>
        Show all
      </button>
    </Empty>
  );
}

function Entries({ items }: { readonly items: readonly DeadLetter[] }): JSX.Element {
  return (
    <Table kind="letters" columns={["Status", "What failed", "Captured", "#Replays", ""]}>
      {items.map((entry) => (
        <Line key={entry.id} entry={entry} />
      ))}
    </Table>
  );
}

function Line({ entry }: { readonly entry: DeadLetter }): JSX.Element {
  const console = useConsole();
  const { id, name, domain, status, failureType, errorMessage, createdAt, retryCount, maxRetries } = entry;
  const { label, grade } = statusWords(status);
  return (
    <tr data-id={id}>
      <td>
        <Badge {...(grade !== undefined && { grade })}>{label}</Badge>
      </td>
      <th scope="row" class="name">
        <span>
          <Value of={name} longest={120} />
          {domain !== name && (
            <span class="muted">
              {" in "}
              <Value of={domain} longest={80} />
            </span>
          )}
        </span>
        <span class="sub">
          <Value of={failureType} longest={80} />: <Value of={errorMessage} longest={180} />
        </span>
      </th>
      <td class="since">
        <When at={createdAt} />
      </td>
      <td class="numeric" data-label="Replays">
        <Figure of={retryCount} /> of <Figure of={maxRetries} />
      </td>
      <td class="acts">
        <button
          type="button"
          class="button small"
          aria-label={`Details and actions of ${id}`}
          onClick={() => console.show((close) => <EntryDetail id={id} onClose={close} />)}
        >
          Details
        </button>
      </td>
    </tr>
  );
}
