import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { brief } from "../text/clean.js";

interface FilterProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
}

/** A box that narrows a list; `/` leads to the first of the page, Escape empties it. */
export function Filter({ label, value, onInput }: FilterProps): JSX.Element {
  return (
    <input
      class="filter"
      type="search"
      autocomplete="off"
      spellcheck={false}
      placeholder={label}
      aria-label={label}
      aria-keyshortcuts="/"
      maxLength={200}
      value={value}
      onInput={(event) => onInput(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || value === "") return;
        event.preventDefault();
        onInput("");
      }}
    />
  );
}

/** A choice of a list: what is sent, and what is shown. */
export interface Choice {
  readonly value: string;
  readonly label: string;
}

interface SelectProps {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly Choice[];
  readonly onChange: (value: string) => void;
}

export function Select({ label, value, choices, onChange }: SelectProps): JSX.Element {
  const id = useId();
  return (
    <div class="select">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {brief(choice.label, 60)}
          </option>
        ))}
      </select>
    </div>
  );
}

/** A few choices side by side. */
export function Segments({ label, value, choices, onChange }: SelectProps): JSX.Element {
  return (
    <fieldset class="segments">
      <legend class="unseen">{label}</legend>
      {choices.map((choice) => (
        <button
          type="button"
          key={choice.value}
          aria-pressed={choice.value === value}
          onClick={() => onChange(choice.value)}
        >
          {choice.label}
        </button>
      ))}
    </fieldset>
  );
}
