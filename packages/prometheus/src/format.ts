import type { Family, Labels } from "./family.js";

/** What two formats write differently. */
export interface Format {
  readonly contentType: string;
  /** After the last line. */
  readonly end: string;
  readonly exemplars: boolean;
  /** The name of a family in its head. */
  family(family: Family): string;
  /** The name of its lines, without a suffix. */
  line(family: Family): string;
  bound(bound: number): string;
  help(help: string): string;
}

const TOTAL = /_total$/;

/** The text format, version 0.0.4. */
export const TEXT: Format = Object.freeze({
  contentType: "text/plain; version=0.0.4; charset=utf-8",
  end: "",
  exemplars: false,
  family: ({ name }) => name,
  line: ({ name }) => name,
  bound: number,
  help: (help) => help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n"),
} satisfies Format);

/** In OpenMetrics a counter is named without `_total`, and its lines are with it. */
export const OPEN_METRICS: Format = Object.freeze({
  contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  end: "# EOF\n",
  exemplars: true,
  family: stem,
  line: (family) => (family.type === "counter" ? `${stem(family)}_total` : family.name),
  bound: (bound) => (Number.isInteger(bound) ? `${bound}.0` : number(bound)),
  help: escapeValue,
} satisfies Format);

function stem({ name, type }: Family): string {
  return type === "counter" ? name.replace(TOTAL, "") : name;
}

/** A value, as Go reads it. */
export function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}

const SPECIAL = /["\\\n]/;

function escapeValue(value: string): string {
  if (!SPECIAL.test(value)) return value;
  return value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

/** `method="GET",status="200"`. */
export function labelText(labels: Labels, format: Format): string {
  let text = "";
  for (const name in labels) {
    const value = labels[name] as string | number;
    const comma = text === "" ? "" : ",";
    text += `${comma}${name}="${typeof value === "string" ? escapeValue(value) : format.bound(value)}"`;
  }
  return text;
}
