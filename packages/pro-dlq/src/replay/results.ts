import type { BatchReplayResult, ReplayResult } from "../api.js";

export function succeeded(dlqId: string, message: string, data?: Record<string, unknown>): ReplayResult {
  return { success: true, dlqId, message, skipped: false, ...(data !== undefined && { data }) };
}

export function failed(dlqId: string, error: string, data?: Record<string, unknown>): ReplayResult {
  return {
    success: false,
    dlqId,
    message: "replay failed",
    error,
    skipped: false,
    ...(data !== undefined && { data }),
  };
}

/** Nothing was tried. */
export function skippedBecause(dlqId: string, reason: string): ReplayResult {
  return {
    success: true,
    dlqId,
    message: `skipped: ${reason}`,
    skipped: true,
    data: { skip_reason: reason },
  };
}

export function blocked(dlqId: string, reason: string): ReplayResult {
  return {
    success: false,
    dlqId,
    message: `blocked: ${reason}`,
    skipped: true,
    data: { blocked: true, block_reason: reason },
  };
}

/** Nothing of a batch was tried. */
export function blockedBatch(reason: string): BatchReplayResult {
  return { ...emptyBatch(), governanceBlocked: true, governanceBlockReason: reason };
}

export function emptyBatch(): BatchReplayResult {
  return {
    total: 0,
    successCount: 0,
    failedCount: 0,
    skippedCount: 0,
    results: [],
    governanceBlocked: false,
    inflightSkipped: false,
    priorityUsed: false,
  };
}

/** Skips count neither as successes nor as failures. */
export function addResult(batch: BatchReplayResult, result: ReplayResult): void {
  batch.total++;
  batch.results.push(result);
  if (result.skipped) batch.skippedCount++;
  else if (result.success) batch.successCount++;
  else batch.failedCount++;
}

export function addBatch(batch: BatchReplayResult, other: BatchReplayResult): void {
  for (const result of other.results) addResult(batch, result);
  if (other.stoppedBy !== undefined) batch.stoppedBy = other.stoppedBy;
}
