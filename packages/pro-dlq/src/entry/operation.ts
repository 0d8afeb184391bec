import type { Attempt } from "@baldur/core";
import type { FailedOperation, RequestData } from "@baldur/core/plugin";
import { presentable, revive, type Unseal } from "../snapshot/revive.js";
import type { Entry } from "./entry.js";

/** An entry as people and programs see it; its content is JSON, with what is encrypted left out. */
export function toOperation(entry: Entry): FailedOperation {
  return operation(entry, (presentable(entry.body.requestData ?? {}) ?? {}) as RequestData);
}

/** An entry as its handler gets it: the arguments as they were. Throws when they cannot be restored. */
export function toReplayable(entry: Entry, unseal: Unseal | undefined): FailedOperation {
  return operation(entry, (revive(entry.body.requestData ?? {}, unseal) ?? {}) as RequestData);
}

function operation({ body, state }: Entry, requestData: RequestData): FailedOperation {
  return {
    id: body.id,
    name: body.name,
    domain: body.domain,
    failureType: body.failureType,
    status: state.status,
    ...(body.entityType !== undefined && { entityType: body.entityType }),
    ...(body.entityId !== undefined && { entityId: body.entityId }),
    ...(body.userId !== undefined && { userId: body.userId }),
    entityRefs: body.entityRefs ?? {},
    snapshotData: body.snapshotData ?? {},
    errorCode: body.errorCode ?? "",
    errorMessage: body.errorMessage ?? "",
    attempts: attemptsOf(body),
    retryCount: state.retryCount,
    maxRetries: state.maxRetries,
    requestData,
    responseData: body.responseData ?? {},
    metadata: metadataOf({ body, state }),
    resolutionType: state.resolutionType ?? "",
    resolutionNote: state.resolutionNote ?? "",
    nextActionHint: body.nextActionHint ?? "",
    recommendedAction: state.recommendedAction ?? body.recommendedAction ?? "",
    createdAt: new Date(body.createdAt),
    updatedAt: new Date(state.updatedAt),
    expiresAt: new Date(body.expiresAt),
    ...(state.lastRetryAt !== undefined && { lastRetryAt: new Date(state.lastRetryAt) }),
    ...(state.resolvedAt !== undefined && { resolvedAt: new Date(state.resolvedAt) }),
    ...(state.resolvedBy !== undefined && { resolvedById: state.resolvedBy }),
  };
}

/** The last attempt ended with the error of the entry, which is not kept twice. */
function attemptsOf({ attempts, errorCode, errorMessage }: Entry["body"]): Attempt[] {
  if (!Array.isArray(attempts)) return [];
  const last = { name: errorCode, message: errorMessage };
  return attempts.map((attempt, index) => ({
    ...(index === attempts.length - 1 && { error: last }),
    ...attempt,
    startedAt: new Date(attempt?.startedAt),
  }));
}

/** What was kept about the failure, and what happened to the entry since. */
function metadataOf({ body, state }: Entry): Record<string, unknown> {
  const metadata: Record<string, unknown> = { ...body.metadata };
  const since: Record<string, unknown> = {
    masked: body.masked,
    altered: body.altered,
    truncated: body.truncated,
    last_replay_error: state.lastError,
    released_from_stale: state.releasedFromStale,
    previous_total_retries: state.previousRetries,
    force_redrive_count: state.redrives,
    ticket_url: state.ticketUrl,
  };
  for (const key in since) if (since[key] !== undefined) metadata[key] = since[key];
  return metadata;
}
