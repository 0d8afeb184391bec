import { clean } from "../text/clean.js";
import type { Failure } from "./failure.js";

/** What an operator is told about a refusal. */
export interface Explanation {
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
}

export interface Circumstances {
  readonly hasKey: boolean;
  /** Of the one who asked; undefined where the server did not say. */
  readonly role?: string | undefined;
  readonly isUnlocked?: boolean | undefined;
  /** Whether something was to be done, which nobody repeats, and not only to be read. */
  readonly isAction?: boolean;
}

const ORIGIN =
  "Open the console at an address that the server knows, or add this one to BALDUR_ADMIN_ALLOWED_ORIGINS.";
const READER = "It takes the key that may act: BALDUR_ADMIN_KEY.";
const UNCERTAIN =
  "It may have been done all the same: look before you do it again. It is not repeated by itself.";
const LOCKED = "Start the server with BALDUR_ADMIN_UNLOCK=1 to allow it.";

export function explain(failure: Failure, circumstances: Circumstances): Explanation {
  const message = clean(failure.message).replace(/\.\s*$/, "");
  const hint = hintOn(failure, circumstances);
  return hint === undefined ? { message } : { message, hint };
}

function hintOn({ kind, code }: Failure, circumstances: Circumstances): string | undefined {
  const { hasKey, role, isUnlocked, isAction } = circumstances;
  if (kind === "unauthenticated") return hasKey ? "Enter another key above." : "Enter a key above.";
  if (kind === "offline") return isAction === true ? UNCERTAIN : "It is asked again by itself.";
  if (code === "ORIGIN_BLOCKED") return ORIGIN;
  if (code !== "FORBIDDEN") return undefined;
  if (role === "viewer") return READER;
  return isUnlocked === true ? undefined : LOCKED;
}
