import { clean } from "../output/clean.js";
import type { Style } from "../output/style.js";
import type { Finding } from "./findings.js";

const LEVELS: readonly Finding["level"][] = ["danger", "warning", "note"];

/** Findings, the worst first; what is true of several policies is said once. */
export function sayFindings(style: Style, findings: readonly Finding[]): string {
  const grouped = new Map<string, { level: Finding["level"]; finding: string; policies: string[] }>();
  for (const { level, finding, policy } of findings) {
    const key = `${level} ${finding}`;
    const known = grouped.get(key);
    if (known === undefined) grouped.set(key, { level, finding, policies: [policy] });
    else known.policies.push(policy);
  }
  const worstFirst = [...grouped.values()].sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
  const lines = worstFirst.map(({ level, finding, policies }) => {
    const who = policies.map(clean).join(", ");
    return `${paint(style, level)} ${style.bold(who)}: ${clean(finding)}\n`;
  });
  return lines.length === 0 ? `${style.green("nothing found")}\n` : lines.join("");
}

/** What was not looked at, because it cannot be seen. */
export function sayUnknown(style: Style, unknown: readonly string[]): string {
  return `${style.bold("Not seen")}\n${unknown.map((text) => style.dim(`- ${text}\n`)).join("")}`;
}

function paint(style: Style, level: Finding["level"]): string {
  if (level === "danger") return style.red(level);
  return level === "warning" ? style.yellow(level) : style.dim(level);
}
