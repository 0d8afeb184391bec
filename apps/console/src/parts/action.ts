import type { Source } from "../state/source.js";

/**
 * What an action may cost. "reversible": it can be taken back here. "destructive": it cannot, or it takes protection away.
 * "external": something outside Baldur happens.
 */
export type Risk = "reversible" | "destructive" | "external";

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly kind: "text" | "number";
  readonly isRequired?: boolean;
  readonly initial?: string;
  readonly help?: string;
  readonly longest?: number;
  readonly least?: number;
  readonly most?: number;
}

/** What was entered, by the names of the fields; what was left empty is absent. */
export type Entered = Readonly<Record<string, string>>;

/** What came of it. What is not good stays on the screen. */
export interface Outcome {
  readonly isGood: boolean;
  readonly text: string;
}

/** Something that an operator can have done. */
export interface Action {
  /** What the button says that asks for it. */
  readonly button: string;
  readonly title: string;
  /** What the button says that does it. */
  readonly verb: string;
  readonly risk: Risk;
  /** What the server asks of the one who does it. */
  readonly needs: "operator" | "admin";
  /** What will happen, in a sentence or two. */
  readonly effect: string;
  readonly fields: readonly Field[];
  readonly send: (entered: Entered) => Promise<Outcome>;
  /** What has changed afterwards. */
  readonly changes: readonly Pick<Source<unknown>, "refresh">[];
}

/** What is typed before something is destroyed. */
export const CONFIRM = "CONFIRM";

const LONGEST_REASON = 500;

export const REASON: Field = {
  name: "reason",
  label: "Reason",
  kind: "text",
  isRequired: true,
  longest: LONGEST_REASON,
  help: "Kept in the journal, with who did it.",
};

export const OPTIONAL_REASON: Field = { ...REASON, isRequired: false, label: "Reason (optional)" };

/** Why what was entered cannot be sent; undefined where it can. */
export function mistakeIn(
  { label, kind, isRequired, least, most }: Field,
  entered: string | undefined,
): string | undefined {
  const text = entered?.trim() ?? "";
  if (text === "") return isRequired ? `${label} is needed` : undefined;
  if (kind === "text") return undefined;
  const value = Number(text);
  const fits = Number.isInteger(value) && value >= (least ?? value) && value <= (most ?? value);
  return fits ? undefined : `${label} is a whole number from ${least ?? 0} to ${most ?? "any"}`;
}
