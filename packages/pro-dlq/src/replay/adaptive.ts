import type { ReplaySettings } from "../settings.js";

/** How large the next batch is, and how many went through without a failure before it. */
export interface AdaptiveState {
  readonly size: number;
  readonly streak: number;
}

export type AdaptiveLimits = Pick<
  ReplaySettings,
  "adaptiveInitialItems" | "adaptiveMinItems" | "adaptiveMaxItems" | "adaptiveFailureThreshold"
>;

const SHRINK = 0.8;
const GROW = 5;
const CLEAN_BATCHES = 3;

export function adaptiveStart(limits: AdaptiveLimits): AdaptiveState {
  return { size: clamp(limits.adaptiveInitialItems, limits), streak: 0 };
}

/** The state after a batch. Pure. */
export function adapt(
  { size, streak }: AdaptiveState,
  { total, failed }: { readonly total: number; readonly failed: number },
  limits: AdaptiveLimits,
): AdaptiveState {
  if (total === 0) return { size, streak };
  if (failed / total >= limits.adaptiveFailureThreshold)
    return { size: clamp(Math.floor(size * SHRINK), limits), streak: 0 };
  if (failed > 0) return { size, streak: 0 };
  if (streak + 1 < CLEAN_BATCHES) return { size, streak: streak + 1 };
  return { size: clamp(size + GROW, limits), streak: 0 };
}

function clamp(size: number, { adaptiveMinItems, adaptiveMaxItems }: AdaptiveLimits): number {
  return Math.max(adaptiveMinItems, Math.min(size, adaptiveMaxItems));
}
