import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { Dialog } from "../parts/dialog.js";
import { Icon } from "../parts/icon.js";
import { useConsole, useSource } from "../state/console.js";
import { useSignal } from "../state/signal.js";
import { clean } from "../text/clean.js";

/** What a header may carry. */
const SENDABLE = /^[\x21-\x7e]+$/;

/** As whom the server is asked. */
export function KeyButton(): JSX.Element {
  const console = useConsole();
  const key = useSignal(console.api.key);
  const { role } = useSource(console.sources.always.posture).data ?? {};
  const words = role === "viewer" ? "Reading" : key === "" ? "No key" : "Key set";
  return (
    <button
      type="button"
      class="button small"
      title="The key that the server asks for"
      onClick={() => console.show((close) => <KeyDialog onClose={close} />)}
    >
      <Icon name="key" />
      <span>{words}</span>
    </button>
  );
}

function KeyDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const console = useConsole();
  return (
    <Dialog title="Key" kind="middle" onClose={onClose}>
      <KeyForm onDone={onClose} />
      {console.api.key.value !== "" && (
        <button
          type="button"
          class="button small"
          onClick={() => {
            console.useKey("");
            onClose();
          }}
        >
          Forget the key
        </button>
      )}
    </Dialog>
  );
}

function KeyForm({ onDone }: { readonly onDone: () => void }): JSX.Element {
  const console = useConsole();
  const id = useId();
  const [key, setKey] = useState("");
  const [mistake, setMistake] = useState<string>();
  const submit = (): void => {
    if (!SENDABLE.test(key.trim())) return setMistake("A key has letters, digits and signs, and no spaces");
    console.useKey(key.trim());
    onDone();
  };
  return (
    <form
      class="action"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <div class="entry">
        <label for={id}>BALDUR_ADMIN_KEY, or BALDUR_ADMIN_READONLY_KEY to read only</label>
        <input
          id={id}
          type="password"
          autocomplete="off"
          value={key}
          aria-invalid={mistake !== undefined}
          aria-describedby={`${id}-help`}
          onInput={(event) => setKey(event.currentTarget.value)}
        />
        <p id={`${id}-help`} class={mistake === undefined ? "help" : "help mistake"}>
          {mistake ?? "Kept until the tab is closed, and sent to this server alone."}
        </p>
      </div>
      <button type="submit" class="button primary">
        Use this key
      </button>
    </form>
  );
}

/** In place of everything that a key opens. */
export function Gate(): JSX.Element {
  const console = useConsole();
  const { failure } = useSource(console.sources.always.posture);
  const hasKey = useSignal(console.api.key) !== "";
  return (
    <main class="gate">
      <h2>{hasKey ? "The key was refused" : "A key is needed"}</h2>
      <p>
        {hasKey ? "Another one may do. " : "This server answers to those who have its key. "}
        {failure !== undefined && (
          <>
            It says: <bdi>{clean(failure.message)}</bdi>
          </>
        )}
      </p>
      <KeyForm onDone={() => undefined} />
    </main>
  );
}
