import type { JSX } from "preact";
import type { DeadLetter } from "../api/types.js";
import { Happened } from "../journal/happened.js";
import { ActionButtons } from "../parts/action-buttons.js";
import { Block } from "../parts/block.js";
import { Dialog } from "../parts/dialog.js";
import { useConsole, useOwnSource, useSource } from "../state/console.js";
import { entryActions } from "./actions.js";
import { Attempts, Causes } from "./attempts.js";
import { Content } from "./content.js";
import { EntryFacts } from "./facts.js";
import { entrySource } from "./query.js";

interface EntryDetailProps {
  readonly id: string;
  readonly onClose: () => void;
}

/** All about one entry, and what can be done to it. */
export function EntryDetail({ id, onClose }: EntryDetailProps): JSX.Element {
  const source = useOwnSource(entrySource(id));
  const reading = useSource(source);
  return (
    <Dialog title="Dead letter" kind="side" onClose={onClose}>
      <Block source={source} reading={reading}>
        {(entry) => (
          <>
            <Actions entry={entry} />
            <EntryFacts entry={entry} />
            <Causes entry={entry} />
            <Attempts entry={entry} />
            <Content entry={entry} />
          </>
        )}
      </Block>
      <Happened about={id} />
    </Dialog>
  );
}

function Actions({ entry }: { readonly entry: DeadLetter }): JSX.Element {
  const console = useConsole();
  const changes = [{ refresh: async () => console.refresh() }];
  const actions = entryActions(entry, console.api, changes);
  if (actions.length === 0) return <p class="muted">Nothing is left to be done: the entry is settled.</p>;
  return <ActionButtons actions={actions} />;
}
