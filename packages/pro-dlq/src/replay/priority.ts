import type { Priority } from "../settings.js";

const RANK: Readonly<Record<Priority, number>> = { critical: 0, normal: 1, low: 2 };
const UNRANKED = 3;

/** Domains in the order in which they are served: by priority, then those without one; among equals by name. Pure. */
export function byPriority(
  domains: readonly string[],
  priorities: Readonly<Record<string, Priority>>,
): string[] {
  const rank = (domain: string): number => {
    const priority = Object.hasOwn(priorities, domain) ? priorities[domain] : undefined;
    return priority === undefined ? UNRANKED : RANK[priority];
  };
  return [...new Set(domains)].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}
