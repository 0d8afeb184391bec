import type { JSX } from "preact";
import { useConsole } from "../state/console.js";
import type { Action } from "./action.js";
import { ActionDialog } from "./action-dialog.js";

interface ActionButtonsProps {
  readonly actions: readonly Action[];
}

/** A button for each of some actions; it asks before anything is done. */
export function ActionButtons({ actions }: ActionButtonsProps): JSX.Element {
  const console = useConsole();
  return (
    <div class="buttons">
      {actions.map((action) => (
        <button
          type="button"
          key={action.button}
          class={`button ${action.risk === "destructive" ? "danger-outline" : ""}`}
          onClick={() => console.show((close) => <ActionDialog action={action} onClose={close} />)}
        >
          {action.button}…
        </button>
      ))}
    </div>
  );
}
