import type { ControlAnswer } from "../api/types.js";
import { type Finding, type Standing, standing } from "../state/standing.js";
import { brief } from "../text/clean.js";

export function assessControl({ enabled, dryRun, disabled, persisted }: ControlAnswer): Standing {
  const findings: Finding[] = [];
  if (enabled === false)
    findings.push({
      grade: "bad",
      text: `Baldur is switched off${by(disabled?.by)}${why(disabled?.reason)}`,
    });
  if (enabled === undefined)
    findings.push({ grade: "unknown", text: "Whether Baldur is switched on was not said" });
  if (dryRun === true) findings.push({ grade: "warn", text: "Dry run: decisions are made, and not applied" });
  if (persisted === false)
    findings.push({ grade: "warn", text: "The last change is in force here and could not be stored yet" });
  return standing(
    enabled === false ? "switched off" : dryRun === true ? "dry run" : "on, decisions are applied",
    findings,
  );
}

const by = (actor: unknown): string => (actor === undefined ? "" : ` by ${brief(actor, 60)}`);
const why = (reason: unknown): string =>
  reason === undefined || reason === "" ? "" : `: ${brief(reason, 120)}`;
