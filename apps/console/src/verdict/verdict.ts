import { byGrade, type Finding, type Grade, some } from "../state/standing.js";
import { count, span } from "../text/format.js";
import type { Attendance, Stood } from "./standings.js";

export interface Verdict {
  readonly grade: Grade;
  /** Names the worst offender. */
  readonly headline: string;
  /** How much of the server it is made of. */
  readonly basis: string;
}

interface Evidence {
  readonly stood: readonly Stood[];
  readonly attendance: Attendance;
  /** Whether the first question has ended. */
  readonly asked: boolean;
  readonly isPaused: boolean;
  readonly now: number;
}

/** What all parts say together. Never better than what is known. */
export function verdictOf(evidence: Evidence): Verdict {
  const { stood, attendance } = evidence;
  const { reported, expected, silent } = attendance;
  const basis = `${reported} of ${count(expected, "source")} reported${silent.length > 0 && reported > 0 ? `; not: ${some(silent)}` : ""}`;
  const worst = stood
    .flatMap(({ standing }) => standing.findings)
    .filter(({ grade }) => grade === "bad" || grade === "warn")
    .toSorted(byGrade);
  const [first] = worst;
  if (reported === 0) return { grade: "unknown", headline: nothingKnown(evidence), basis };
  if (first !== undefined) return { grade: first.grade, headline: named(first, worst.length - 1), basis };
  if (silent.length > 0)
    return { grade: "unknown", headline: `Not known in full: ${some(silent)} did not report`, basis };
  const unknown = stood.find(({ standing }) => standing.grade === "unknown");
  if (unknown !== undefined) return { grade: "unknown", headline: doubtful(unknown), basis };
  return { grade: "good", headline: "All is well", basis };
}

function named({ text }: Finding, others: number): string {
  return others === 0 ? text : `${text} — and ${count(others, "more", "more")}`;
}

function doubtful({ kind, standing }: Stood): string {
  return standing.findings[0]?.text ?? `${kind.title}: ${standing.summary}`;
}

function nothingKnown({ attendance: { newest }, asked, isPaused, now }: Evidence): string {
  if (isPaused) return "Paused: how it is now is not known";
  if (newest !== undefined)
    return `The server has not answered for ${span(now - newest)}: what is shown is old`;
  return asked ? "Nothing is known: the server does not answer" : "Asking…";
}
