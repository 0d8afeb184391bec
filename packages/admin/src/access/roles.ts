import type { AdminRoute } from "@baldur/core/plugin";

/** What somebody may do; each may what those before may. @public */
export type AdminRole = "authenticated" | "viewer" | "operator" | "admin";

/** What a route asks for. */
export type RequiredRole = AdminRoute["role"] | AdminRole;

/** Who asks. */
export interface Caller {
  readonly role: AdminRole;
  readonly actor: string;
}

const RANKS: readonly RequiredRole[] = ["public", "authenticated", "viewer", "operator", "admin"];

export function isRole(role: unknown): role is AdminRole {
  return role !== "public" && RANKS.includes(role as RequiredRole);
}

export function reaches(granted: RequiredRole, required: RequiredRole): boolean {
  return RANKS.indexOf(granted) >= RANKS.indexOf(required);
}
