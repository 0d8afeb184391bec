import type { JSX } from "preact";
import type { Explanation } from "../api/explain.js";
import { useConsole, useSource } from "../state/console.js";
import type { Action, Risk } from "./action.js";
import { useActionForm } from "./action-form.js";
import { Dialog } from "./dialog.js";
import { ConfirmWord, Entry } from "./entry.js";
import { Icon } from "./icon.js";

interface ActionDialogProps {
  readonly action: Action;
  readonly onClose: () => void;
}

/** Asks before something is done, as its risk demands, and says what came of it. */
export function ActionDialog({ action, onClose }: ActionDialogProps): JSX.Element {
  const form = useActionForm(action, onClose);
  const { entered, enter, word, setWord, busy, trouble, submit, isReady } = form;
  return (
    <Dialog title={action.title} kind="middle" onClose={onClose}>
      <form
        class="action"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <p>{action.effect}</p>
        <RiskNote risk={action.risk} />
        <Permission needs={action.needs} />
        {action.fields.map((field) => (
          <Entry
            key={field.name}
            field={field}
            value={entered[field.name] ?? ""}
            onInput={(value) => enter(field.name, value)}
            mistake={form.mistakes[field.name]}
          />
        ))}
        {action.risk === "destructive" && <ConfirmWord value={word} onInput={setWord} />}
        {trouble !== undefined && <Refusal {...trouble} />}
        <footer class="dialog-foot">
          <button type="button" class="button" onClick={onClose}>
            {form.isOver ? "Close" : "Cancel"}
          </button>
          <button
            type="submit"
            class={`button ${action.risk === "reversible" ? "primary" : "danger"}`}
            aria-disabled={!isReady || busy}
          >
            {busy ? "Working…" : action.verb}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function RiskNote({ risk }: { readonly risk: Risk }): JSX.Element {
  if (risk === "reversible") return <p class="muted">This can be taken back here at any time.</p>;
  return (
    <p class={`note ${risk === "external" ? "note-warn" : "note-bad"}`}>
      <Icon name={risk === "external" ? "warn" : "bad"} />
      <span>
        {risk === "external"
          ? "This has effects outside Baldur: the application's own code runs, and what it does to other systems cannot be taken back here."
          : "This is not undone by closing the page, and protection or work may be lost by it."}
      </span>
    </p>
  );
}

/** Says beforehand what the server will say, as far as it is known. */
function Permission({ needs }: { readonly needs: Action["needs"] }): JSX.Element {
  const { posture } = useConsole().sources.always;
  const { role, unlocked } = useSource(posture).data ?? {};
  const notes: string[] = [];
  if (role === "viewer") notes.push("Your key may only read: the server will refuse this.");
  if (needs === "admin" && unlocked === false)
    notes.push(
      "The server is locked for this. It is allowed once the server is started with BALDUR_ADMIN_UNLOCK=1.",
    );
  return (
    <>
      {notes.map((note) => (
        <p class="note" key={note}>
          <Icon name="lock" />
          <span>{note}</span>
        </p>
      ))}
    </>
  );
}

function Refusal({ message, hint }: Explanation): JSX.Element {
  return (
    <div class="note note-bad" role="alert">
      <Icon name="bad" />
      <p>
        <bdi>{message}</bdi>.{hint !== undefined && <> {hint}</>}
      </p>
    </div>
  );
}
