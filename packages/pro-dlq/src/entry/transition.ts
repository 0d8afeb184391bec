import type { ClaimRecord, EntryState, ResolutionType } from "./entry.js";

/** What happens to an entry. */
export type Input =
  | { readonly type: "claim"; readonly claim: ClaimRecord }
  /** Beyond the budget, by an operator. */
  | { readonly type: "redrive"; readonly claim: ClaimRecord; readonly ticketUrl?: string }
  | { readonly type: "succeed"; readonly token: string; readonly how: ResolutionType; readonly note?: string }
  | { readonly type: "fail"; readonly token: string; readonly error: string }
  /** It could not be tried: that costs nothing. */
  | { readonly type: "defer"; readonly token: string; readonly reason: string }
  /** Its owner is gone: what became of the try is not known. */
  | { readonly type: "release"; readonly token: string | undefined }
  | { readonly type: "escalate"; readonly note: string }
  | { readonly type: "resolve"; readonly actor: string; readonly note?: string }
  | { readonly type: "reject"; readonly actor: string; readonly note?: string }
  | { readonly type: "expire" }
  | { readonly type: "archive" };

/** Why nothing happened. */
export type Refusal = "wrong_status" | "max_retries" | "lost_claim";
export type Transition = { readonly state: EntryState } | { readonly refused: Refusal };

const LONGEST_ERROR = 500;
const LONGEST_NOTE = 2000;

/** The one place that decides what may become of an entry. Pure; the store makes it atomic. */
export function transition(state: EntryState, input: Input, now: number): Transition {
  switch (input.type) {
    case "claim":
      return claim(state, input.claim, now);
    case "redrive":
      return redrive(state, input, now);
    case "succeed":
      return held(state, input.token) ?? resolved(state, input.how, now, note(input.note));
    case "fail":
      return held(state, input.token) ?? failed(state, input.error, now);
    case "defer":
      return held(state, input.token) ?? deferred(state, input.reason, now);
    case "release":
      return from(state, ["replaying"]) ?? released(state, input.token, now);
    case "escalate":
      return from(state, ["pending"]) ?? escalated(state, input.note, now);
    case "resolve":
      return operated(state, "resolved", "manual", input, now);
    case "reject":
      return operated(state, "rejected", "rejected", input, now);
    case "expire":
      return (
        from(state, ["pending"]) ?? changed(state, { status: "expired", resolutionType: "ttl_expired" }, now)
      );
    case "archive":
      return from(state, ["resolved"]) ?? changed(state, { status: "archived" }, now);
  }
}

function claim(state: EntryState, record: ClaimRecord, now: number): Transition {
  const { retryCount, maxRetries } = state;
  if (state.status !== "pending") return { refused: "wrong_status" };
  if (retryCount >= maxRetries) return { refused: "max_retries" };
  return changed(
    state,
    { status: "replaying", claim: record, retryCount: retryCount + 1, lastRetryAt: now },
    now,
  );
}

/** A fresh budget, and a scar that says how much of one was used up before. */
function redrive(
  state: EntryState,
  { claim: record, ticketUrl }: Extract<Input, { type: "redrive" }>,
  now: number,
): Transition {
  return (
    from(state, ["pending", "requires_review"]) ??
    changed(
      state,
      {
        status: "replaying",
        claim: { ...record, from: state.status },
        retryCount: 1,
        lastRetryAt: now,
        previousRetries: (state.previousRetries ?? 0) + state.retryCount,
        redrives: (state.redrives ?? 0) + 1,
        ...(ticketUrl !== undefined && { ticketUrl }),
      },
      now,
    )
  );
}

function resolved(
  state: EntryState,
  how: ResolutionType,
  now: number,
  extra: Partial<EntryState>,
): Transition {
  return settled(state, { status: "resolved", resolutionType: how, resolvedAt: now, ...extra }, now);
}

function failed(state: EntryState, error: string, now: number): Transition {
  const status = state.retryCount < state.maxRetries ? "pending" : "requires_review";
  return settled(state, { status, lastError: error.slice(0, LONGEST_ERROR) }, now);
}

function deferred(state: EntryState, reason: string, now: number): Transition {
  const retryCount = Math.max(0, state.retryCount - 1);
  const status = state.claim?.from ?? "pending";
  return settled(state, { status, retryCount, lastError: reason.slice(0, LONGEST_ERROR) }, now);
}

/** The try counts, for it may have had its effect: the budget bounds how often a handler runs. */
function released(state: EntryState, token: string | undefined, now: number): Transition {
  if (state.claim?.token !== token) return { refused: "lost_claim" };
  const status = state.retryCount < state.maxRetries ? "pending" : "requires_review";
  return settled(state, { status, releasedFromStale: true }, now);
}

function escalated(state: EntryState, words: string, now: number): Transition {
  return changed(state, { status: "requires_review", recommendedAction: "escalate", ...note(words) }, now);
}

function operated(
  state: EntryState,
  status: "resolved" | "rejected",
  how: ResolutionType,
  { actor, note: words }: { readonly actor: string; readonly note?: string },
  now: number,
): Transition {
  return (
    from(state, ["pending", "reviewing", "requires_review"]) ??
    changed(state, { status, resolutionType: how, resolvedAt: now, resolvedBy: actor, ...note(words) }, now)
  );
}

function from(state: EntryState, statuses: readonly EntryState["status"][]): Transition | undefined {
  return statuses.includes(state.status) ? undefined : { refused: "wrong_status" };
}

/** Whoever lost its claim settles nothing. */
function held({ status, claim: record }: EntryState, token: string): Transition | undefined {
  return status === "replaying" && record?.token === token ? undefined : { refused: "lost_claim" };
}

/** Assigned, not spread: to add fields to a copy that was spread takes V8 ten times as long. */
function changed(state: EntryState, change: Partial<EntryState>, now: number): Transition {
  return { state: Object.assign({}, state, change, { updatedAt: now }) };
}

function settled(state: EntryState, change: Partial<EntryState>, now: number): Transition {
  return { state: Object.assign({}, state, change, { claim: undefined, updatedAt: now }) };
}

function note(words: string | undefined): Partial<EntryState> {
  return words === undefined ? {} : { resolutionNote: words.slice(0, LONGEST_NOTE) };
}
