import type { CircuitRow } from "../api/types.js";
import { type Finding, type Standing, standing } from "../state/standing.js";
import { skew } from "../state/time.js";
import { brief } from "../text/clean.js";
import { count, span, timeOf } from "../text/format.js";
import { wordsOf } from "./states.js";

const LONGEST_NAME = 60;
const LONGEST_REASON = 80;

/** How the circuits stand together. */
export function assessCircuits(circuits: readonly CircuitRow[], now: number): Standing {
  if (circuits.length === 0) return standing("none yet: a circuit is made by its first protected call");
  const at = now + skew.value;
  const findings = circuits.flatMap((circuit) => findingOn(circuit, at) ?? []);
  return standing(summaryOf(circuits), findings);
}

function summaryOf(circuits: readonly CircuitRow[]): string {
  const counts = new Map<string, number>();
  for (const { state } of circuits) counts.set(state, (counts.get(state) ?? 0) + 1);
  if (counts.size === 1 && counts.has("closed")) return `${count(circuits.length, "circuit")}, all closed`;
  const parts = [...counts]
    .filter(([state]) => state !== "closed")
    .map(([state, of]) => `${of} ${wordsOf(state).label.toLowerCase()}`);
  return `${parts.join(", ")} of ${count(circuits.length, "circuit")}`;
}

function findingOn({ name, state, since, manual }: CircuitRow, now: number): Finding | undefined {
  const { grade, label } = wordsOf(state);
  if (grade === "good") return undefined;
  const began = timeOf(since);
  const lasting = began === undefined ? "" : ` for ${span(now - began)}`;
  const by = manual?.actor === undefined ? "" : ` by ${brief(manual.actor, LONGEST_NAME)}`;
  const why = manual?.reason ? `: ${brief(manual.reason, LONGEST_REASON)}` : "";
  return { grade, text: `${brief(name, LONGEST_NAME)} is ${label.toLowerCase()}${lasting}${by}${why}` };
}
