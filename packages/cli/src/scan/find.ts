import { type ProtectedPolicy, policyOf } from "@baldur/core/plugin";

const DEEPEST = 4;

/** The protected functions among what a module exports: also members of objects, and methods of classes. By name. */
export function findPolicies(exported: unknown): readonly ProtectedPolicy[] {
  const found = new Set<ProtectedPolicy>();
  look(exported, found, new Set(), DEEPEST);
  return [...found].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function look(value: unknown, found: Set<ProtectedPolicy>, seen: Set<unknown>, depth: number): void {
  const isHolder = (typeof value === "object" && value !== null) || typeof value === "function";
  if (!isHolder || seen.has(value)) return;
  seen.add(value);
  const policy = policyOf(value);
  if (policy !== undefined) found.add(policy);
  else if (depth > 0) for (const member of members(value)) look(member, found, seen, depth - 1);
}

/** Nothing is run: what a getter would make is not looked at. The exports of a module are values, though they look like getters. */
function members(holder: object): unknown[] {
  if (isModule(holder)) return Object.values(holder);
  return Object.values(Object.getOwnPropertyDescriptors(holder)).map(({ value }) => value as unknown);
}

function isModule(holder: object): boolean {
  return (holder as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === "Module";
}
