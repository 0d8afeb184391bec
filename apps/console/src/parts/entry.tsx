import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { CONFIRM, type Field } from "./action.js";

interface EntryProps {
  readonly field: Field;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly mistake: string | undefined;
}

/** A field of an action, and what is wrong with what was entered. */
export function Entry({ field, value, onInput, mistake }: EntryProps): JSX.Element {
  const id = useId();
  const { label, kind, help, longest, isRequired } = field;
  return (
    <div class="entry">
      <label for={id}>{label}</label>
      <input
        id={id}
        name={field.name}
        type="text"
        inputMode={kind === "number" ? "numeric" : "text"}
        autocomplete="off"
        value={value}
        {...(longest !== undefined && { maxLength: longest })}
        aria-required={isRequired ?? false}
        aria-invalid={mistake !== undefined}
        aria-describedby={`${id}-help`}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      <p id={`${id}-help`} class={mistake === undefined ? "help" : "help mistake"}>
        {mistake ?? help}
      </p>
    </div>
  );
}

/** Asks for the word without which nothing is destroyed. */
export function ConfirmWord({
  value,
  onInput,
}: {
  readonly value: string;
  onInput(value: string): void;
}): JSX.Element {
  const id = useId();
  return (
    <div class="entry">
      <label for={id}>
        Type <kbd>{CONFIRM}</kbd> to go on
      </label>
      <input
        id={id}
        name="confirm"
        type="text"
        autocomplete="off"
        autocapitalize="characters"
        spellcheck={false}
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </div>
  );
}
