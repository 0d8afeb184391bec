import type { BatchResult, ReplayResult } from "../api/types.js";
import type { Outcome } from "../parts/action.js";
import { brief } from "../text/clean.js";
import { count, numberOf, whole } from "../text/format.js";

/** What a replay came to, in words. A skip is no failure, but not what was asked for either. */
export function replayOutcome({ success, skipped, message, error }: ReplayResult): Outcome {
  if (success === true && skipped !== true) return { isGood: true, text: "It was replayed, and succeeded" };
  if (skipped === true)
    return { isGood: false, text: `It was not replayed: ${brief(message ?? "nobody said why", 300)}` };
  return {
    isGood: false,
    text: `It was replayed, and failed: ${brief(error || message || "nobody said why", 300)}`,
  };
}

export function batchOutcome(batch: BatchResult): Outcome {
  if (batch.governanceBlocked === true)
    return {
      isGood: false,
      text: `Nothing was replayed: ${brief(batch.governanceBlockReason ?? "it is not allowed now", 300)}`,
    };
  if (batch.inflightSkipped === true)
    return { isGood: false, text: "Nothing was replayed: they are being replayed already" };
  const failed = numberOf(batch.failedCount) ?? 0;
  const parts = [
    `${whole(numberOf(batch.successCount) ?? 0)} of ${count(numberOf(batch.total) ?? 0, "replay")} succeeded`,
    ...(failed > 0 ? [`${whole(failed)} failed`] : []),
    ...(batch.skippedCount ? [`${whole(batch.skippedCount)} skipped${whyOf(batch)}`] : []),
    ...(batch.stoppedBy === undefined ? [] : [`stopped by ${brief(batch.stoppedBy, 80)}`]),
  ];
  const isIdle = batch.skippedCount !== undefined && batch.skippedCount > 0 && !batch.successCount;
  return { isGood: failed === 0 && !isIdle, text: parts.join(", ") };
}

/** The reason of the first that was skipped: a batch most often skips all for one. */
function whyOf({ results = [] }: BatchResult): string {
  const reason = results.find(({ skipped }) => skipped === true)?.data?.["skip_reason"];
  return reason === undefined ? "" : ` (${brief(reason, 80)})`;
}
