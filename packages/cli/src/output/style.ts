import picocolors from "picocolors";
import type { CliIo, CliOutput } from "../io.js";
import { clean } from "./clean.js";

/** Colours for an output, or none. */
export type Style = ReturnType<typeof picocolors.createColors>;

/** Only a terminal is coloured, and not where the environment says that it should not be. */
export function styleFor(output: CliOutput, { env }: Pick<CliIo, "env">): Style {
  const isWanted = !env["NO_COLOR"] && env["TERM"] !== "dumb";
  return picocolors.createColors(output.isTTY === true && isWanted);
}

const GOOD = [
  "healthy",
  "closed",
  "active",
  "normal",
  "enabled",
  "ready",
  "valid",
  "resolved",
  "replayed",
  "up",
];
const BAD = [
  "unhealthy",
  "open",
  "forced_open",
  "failed",
  "critical",
  "error",
  "disabled",
  "not_ready",
  "invalid",
];

/** A word that says how something is, in the colour for that. */
export function verdict(style: Style, word: string): string {
  const text = clean(word);
  if (GOOD.includes(word)) return style.green(text);
  return BAD.includes(word) ? style.red(text) : style.yellow(text);
}
