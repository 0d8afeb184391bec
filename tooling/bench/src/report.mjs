/**
 * A row of the table: `reached` is what is held against `atMost` or `atLeast`, a ratio unless it has a `unit`;
 * a row without a target is there for comparison, one without `reached` could not be measured.
 */
const HEAD = ["what", "Baldur", "peer", "reached", "to reach", ""];

/** The rows as one Markdown table. */
export function markdown(rows) {
  const lines = rows.map((row) => [
    row.what,
    row.baldur,
    row.peer,
    show(row.reached, row.unit),
    target(row),
    verdict(row),
  ]);
  return [HEAD, ["---", "---:", "---:", "---:", "---:", "---"], ...lines]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

/** How far beyond its target a figure is: up to 1 it is reached. */
export function excess({ reached, atMost, atLeast }) {
  if (reached === undefined) return Number.POSITIVE_INFINITY;
  if (atLeast !== undefined) return atLeast / reached;
  return atMost === undefined || reached <= 0 ? 0 : reached / atMost;
}

/** The row of a case that could not be measured: a miss like any other. */
export const unmeasured = (what, reason) => ({ what, baldur: reason, peer: "" });

/** `+ 68 ns (117)`: what a policy adds, and what the call costs with it. */
export const addedFigure = (name, add, total) => `${name} + ${integer(add)} ns (${integer(total)})`.trim();

export const integer = (value) => Math.round(value).toLocaleString("en-US");

function target({ atMost, atLeast, unit }) {
  if (atMost !== undefined) return `≤ ${show(atMost, unit)}`;
  return atLeast === undefined ? "" : `≥ ${show(atLeast, unit)}`;
}

function verdict(row) {
  if (excess(row) > 1) return "MISSED";
  return target(row) === "" ? "" : "ok";
}

function show(value, unit = "×") {
  if (value === undefined) return "–";
  const digits = unit === "×" && Math.abs(value) < 0.1 ? 3 : unit === "×" ? 2 : 1;
  return `${Math.abs(value) < 10 ? Number(value.toFixed(digits)) : integer(value)} ${unit}`.trim();
}
