import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Block, Empty } from "../parts/block.js";
import { Filter, Select } from "../parts/fields.js";
import { Pager } from "../parts/pager.js";
import { useOwnSource, useSource } from "../state/console.js";
import { useCursor } from "../state/cursor.js";
import { useSettled } from "../state/settled.js";
import { type JournalFilter, journalSource } from "./journal.js";
import { EntryList } from "./list.js";

const PER_PAGE = 25;
const LEVELS = [
  { value: "", label: "all levels" },
  { value: "info", label: "info and above" },
  { value: "warning", label: "warning and above" },
  { value: "error", label: "error and above" },
];

export function JournalPanel(): JSX.Element {
  const [text, setText] = useState("");
  const [level, setLevel] = useState("");
  const settled = useSettled(text);
  return (
    <>
      <div class="toolbar">
        <Filter label="Filter the journal: a name, an actor, an id" value={text} onInput={setText} />
        <Select label="Level" value={level} choices={LEVELS} onChange={setLevel} />
      </div>
      <Entries key={`${settled}\n${level}`} filter={{ text: settled, level }} />
    </>
  );
}

function Entries({ filter }: { readonly filter: JournalFilter }): JSX.Element {
  const cursor = useCursor();
  const source = useOwnSource(
    journalSource({ ...filter, limit: PER_PAGE, ...(cursor.at !== undefined && { before: cursor.at }) }),
  );
  const reading = useSource(source);
  return (
    <Block source={source} reading={reading}>
      {({ entries, next, complete }) => (
        <>
          {complete === false && (
            <p class="note">
              The journal's store does not answer: shown is what this process has not handed over yet.
            </p>
          )}
          {entries.length === 0 ? (
            <NoEntries isNarrowed={Boolean(filter.text || filter.level)} />
          ) : (
            <EntryList entries={entries} />
          )}
          <Pager
            noun="event"
            first={cursor.page * PER_PAGE + 1}
            shown={entries.length}
            total={undefined}
            onPrevious={cursor.back}
            onNext={next === undefined ? undefined : () => cursor.forth(next)}
          />
        </>
      )}
    </Block>
  );
}

function NoEntries({ isNarrowed }: { readonly isNarrowed: boolean }): JSX.Element {
  if (isNarrowed) return <Empty title="Nothing matches" />;
  return (
    <Empty title="Nothing happened yet">
      Circuits that open and close, captured and replayed work, and what operators do are noted here.
    </Empty>
  );
}
