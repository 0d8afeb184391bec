import type { JSX } from "preact";
import { Block, Empty } from "../parts/block.js";
import { useOwnSource, useSource } from "../state/console.js";
import { journalSource } from "./journal.js";
import { EntryList } from "./list.js";

/** What the journal has about something that it knows by a text. */
export function Happened({ about }: { readonly about: string }): JSX.Element {
  const source = useOwnSource(journalSource({ text: about.slice(0, 200), limit: 50 }));
  const reading = useSource(source);
  return (
    <section class="part">
      <h3>What happened</h3>
      <Block source={source} reading={reading}>
        {({ entries, complete }) => (
          <>
            {entries.length === 0 ? (
              <Empty title="The journal has nothing about it" />
            ) : (
              <EntryList entries={entries} />
            )}
            {complete === false && <p class="muted">The journal could not be read in full.</p>}
          </>
        )}
      </Block>
    </section>
  );
}
