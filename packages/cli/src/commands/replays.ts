import type { Answer } from "../api/access.js";
import type { Context } from "../context.js";
import { EXIT } from "../errors.js";
import { facts, table } from "../output/table.js";

/** How the replay of one entry went. */
interface Replayed {
  readonly success: boolean;
  readonly dlqId: string;
  readonly message: string;
  readonly error?: string;
  readonly skipped: boolean;
  readonly data?: { readonly skip_reason?: string; readonly block_reason?: string };
}

interface Batch {
  readonly total: number;
  readonly successCount: number;
  readonly failedCount: number;
  readonly skippedCount: number;
  readonly results: readonly Replayed[];
  readonly stoppedBy?: string;
  readonly governanceBlockReason?: string;
}

/** Shows the replay of one entry. Fails unless its work was done: that it was tried is no success. */
export function showReplay(context: Context, answer: Answer): number {
  const code = context.show<Replayed>(answer, (body) => drawnReplay(context, body));
  const { success, skipped } = answer.body as Replayed;
  return code === EXIT.ok && (skipped || !success) ? EXIT.failed : code;
}

/** Shows a batch. Fails where an entry failed, or the batch ended before its entries did; what is skipped is as it was. */
export function showBatch(context: Context, answer: Answer): number {
  const code = context.show<Batch>(answer, (body) => drawnBatch(context, body));
  const body = answer.body as Batch;
  return code === EXIT.ok && (body.failedCount > 0 || endOf(body) !== undefined) ? EXIT.failed : code;
}

function drawnReplay({ style }: Context, replayed: Replayed): string {
  const { success, skipped, dlqId } = replayed;
  const done = skipped ? style.yellow("skipped") : success ? style.green("replayed") : style.red("failed");
  return `${done}\n${facts(style, [
    ["id", dlqId],
    ["why", skipped || !success ? reasonOf(replayed) : undefined],
  ])}`;
}

function drawnBatch({ style }: Context, body: Batch): string {
  const head = facts(style, [
    ["tried", body.total - body.skippedCount],
    ["succeeded", body.successCount],
    ["failed", body.failedCount],
    ["skipped", body.skippedCount],
    ["ended by", endOf(body)],
  ]);
  const failed = body.results.filter(({ success, skipped }) => !success && !skipped);
  const failures = table(style, failed, [
    { title: "FAILED", of: ({ dlqId }) => dlqId, whole: true },
    { title: "WHY", of: reasonOf },
  ]);
  const skips = table(style, skipsOf(body), [
    { title: "SKIPPED", of: ([, ids]) => ids.length },
    { title: "WHY", of: ([reason]) => reason },
    { title: "SUCH AS", of: ([, [id]]) => id, whole: true },
  ]);
  return [head, failed.length > 0 && failures, body.skippedCount > 0 && skips].filter(Boolean).join("\n");
}

/** Their ids by reason: a batch may skip two hundred for one. */
function skipsOf({ results }: Batch): [reason: string, ids: string[]][] {
  const skips = new Map<string, string[]>();
  for (const result of results.filter(({ skipped }) => skipped)) {
    const reason = reasonOf(result);
    skips.set(reason, [...(skips.get(reason) ?? []), result.dlqId]);
  }
  return [...skips];
}

function reasonOf({ error, data, message }: Replayed): string {
  return error || (data?.skip_reason ?? data?.block_reason ?? message);
}

function endOf({ governanceBlockReason, stoppedBy }: Batch): string | undefined {
  return governanceBlockReason ?? stoppedBy;
}
