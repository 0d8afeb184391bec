import type { JSX } from "preact";
import { ActionButtons } from "../parts/action-buttons.js";
import { useConsole } from "../state/console.js";
import { batchAction, upkeepActions } from "./actions.js";
import type { Narrowing } from "./query.js";

/** What is done to many entries at once. */
export function BatchButtons({ narrowing }: { readonly narrowing: Narrowing }): JSX.Element {
  const console = useConsole();
  const changes = [{ refresh: async () => console.refresh() }];
  return (
    <ActionButtons
      actions={[batchAction(narrowing, console.api, changes), ...upkeepActions(console.api, changes)]}
    />
  );
}
