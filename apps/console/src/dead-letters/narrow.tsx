import type { JSX } from "preact";
import type { Counts, Facets } from "../api/types.js";
import { type Choice, Select } from "../parts/fields.js";
import { useOwnSource, useSource } from "../state/console.js";
import { textOf } from "../text/clean.js";
import { numberOf, whole } from "../text/format.js";
import { facetsSource, type Narrowing } from "./query.js";
import { STATUSES, statusWords } from "./statuses.js";

interface NarrowProps {
  readonly narrowing: Narrowing;
  readonly onChange: (narrowing: Narrowing) => void;
}

const MOST_CHOICES = 200;

/** Filters of the list, each with how many there are of what it offers. */
export function Narrow({ narrowing, onChange }: NarrowProps): JSX.Element {
  const { data = {} } = useSource(useOwnSource(facetsSource(narrowing)));
  const { status, domain, name } = narrowing;
  return (
    <div class="toolbar">
      <Select
        label="Status"
        value={status}
        choices={statusChoices(data)}
        onChange={(value) => onChange({ ...narrowing, status: value })}
      />
      <Select
        label="Domain"
        value={domain}
        choices={choicesOf(data.byDomain, domain, "all domains")}
        onChange={(value) => onChange({ ...narrowing, domain: value })}
      />
      <Select
        label="Name"
        value={name}
        choices={choicesOf(data.byName, name, "all names")}
        onChange={(value) => onChange({ ...narrowing, name: value })}
      />
    </div>
  );
}

function statusChoices({ byStatus = {} }: Facets): Choice[] {
  const known = STATUSES.map((status) => ({
    value: status,
    label: labelled(statusWords(status).label, byStatus[status]),
  }));
  return [{ value: "", label: "all statuses" }, ...known];
}

function choicesOf(counts: Counts = {}, chosen: string, all: string): Choice[] {
  const found = Object.entries(counts).slice(0, MOST_CHOICES);
  const missing = chosen !== "" && !Object.hasOwn(counts, chosen) ? [[chosen, undefined] as const] : [];
  const choices = [...found, ...missing].map(([value, of]) => ({
    value,
    label: labelled(textOf(value), of),
  }));
  return [{ value: "", label: all }, ...choices];
}

function labelled(label: string, of: unknown): string {
  const known = numberOf(of);
  return known === undefined ? label : `${label} (${whole(known)})`;
}
