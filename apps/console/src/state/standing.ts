import { count, time } from "../text/format.js";
import type { Reading, Source } from "./source.js";

/** How something stands, from best to worst. What is not known is never good. */
export type Grade = "good" | "unknown" | "warn" | "bad";

const GRADES: readonly Grade[] = ["good", "unknown", "warn", "bad"];

/** Something that an operator should know of. */
export interface Finding {
  readonly grade: Grade;
  /** A sentence that names what it is about. */
  readonly text: string;
}

/** How one part of the server stands. */
export interface Standing {
  readonly grade: Grade;
  /** One line. */
  readonly summary: string;
  /** The worst first. */
  readonly findings: readonly Finding[];
}

/** When it is judged: milliseconds of the browser's clock, and whether the server is there at all. */
export interface Moment {
  readonly now: number;
  readonly isOpen: boolean;
}

function worse(a: Grade, b: Grade): Grade {
  return GRADES.indexOf(a) >= GRADES.indexOf(b) ? a : b;
}

export function byGrade(a: Finding, b: Finding): number {
  return GRADES.indexOf(b.grade) - GRADES.indexOf(a.grade);
}

/** Good with nothing found, else as bad as the worst that was found. */
export function standing(summary: string, findings: readonly Finding[] = []): Standing {
  const sorted = findings.toSorted(byGrade);
  return {
    grade: sorted.reduce<Grade>((worst, { grade }) => worse(worst, grade), "good"),
    summary,
    findings: sorted,
  };
}

/** How a part stands by its latest answer; unknown without one that is fresh, from a server that is there. */
export function standingOf<T>(source: Source<T>, moment: Moment, assess: (data: T) => Standing): Standing {
  const reading = source.reading.value;
  if (reading.data === undefined) return { grade: "unknown", summary: missing(reading), findings: [] };
  const known = attempt(() => assess(reading.data as T));
  const problem = outOfDate(reading, !moment.isOpen || source.isStale(moment.now));
  if (problem === undefined) return known;
  return { ...known, grade: worse(known.grade, "unknown"), findings: [...known.findings, problem] };
}

/** An answer that makes no sense is none. */
function attempt(assess: () => Standing): Standing {
  try {
    return assess();
  } catch {
    return { grade: "unknown", summary: "Not known: the answer cannot be understood", findings: [] };
  }
}

/** Whether a part has said lately how it is. */
export function hasReported(source: Source<unknown>, { now, isOpen }: Moment): boolean {
  const { data, failure } = source.reading.value;
  return isOpen && data !== undefined && failure === undefined && !source.isStale(now);
}

function missing({ asked, failure }: Reading<unknown>): string {
  return asked ? `Not known: ${failure?.message ?? "no answer"}` : "Asking…";
}

function outOfDate({ at = 0, failure }: Reading<unknown>, isStale: boolean): Finding | undefined {
  if (failure === undefined && !isStale) return undefined;
  const why = failure === undefined ? "" : `: ${failure.message}`;
  return { grade: "unknown", text: `What is shown is of ${time(at)}${why}` };
}

/** `a, b, c and 4 more` */
export function some(names: readonly string[], most = 3, between = ", "): string {
  const rest = names.length - most;
  const shown = names.slice(0, most).join(between);
  return rest > 0 ? `${shown} and ${count(rest, "more", "more")}` : shown;
}
