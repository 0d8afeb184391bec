import type { Clock, FailedCall, NewFailedOperation, PluginTelemetry } from "@baldur/core/plugin";
import type { EntryState } from "../entry/entry.js";
import { EntryIds } from "../entry/id.js";
import { fieldMasked, fieldTruncated } from "../events.js";
import type { DlqSettings } from "../settings.js";
import { describeAttempts } from "../snapshot/failure.js";
import { snapshot } from "../snapshot/snapshot.js";
import type { NewEntry } from "../store/store.js";
import type { DomainNames } from "./domain.js";
import type { ErrorDescriber } from "./error-describer.js";

export interface MakerOptions {
  readonly settings: DlqSettings;
  readonly domainMaxRetries: Readonly<Record<string, number>>;
  readonly clock: Clock;
  readonly telemetry: Pick<PluginTelemetry, "report">;
  readonly domains: DomainNames;
  readonly errors: ErrorDescriber;
  readonly isSensitive: (key: string) => boolean;
  readonly seal?: ((plain: string) => string) | undefined;
}

/** Content of the application: of any shape, and not to be trusted with secrets. */
interface Content {
  readonly requestData?: unknown;
  readonly snapshotData?: unknown;
  readonly responseData?: unknown;
  readonly metadata?: unknown;
  readonly entityRefs?: unknown;
}

/** The kind of an entry; those of one kind begin alike. */
type Kind = Pick<NewEntry, "name" | "domain" | "failureType">;

const CONTENT = ["snapshotData", "responseData", "metadata", "entityRefs"] as const;
const REFERENCES = ["orderId", "paymentId", "tenantId", "tierId", "region"] as const;
const LONGEST_WORD = 256;
const LONGEST_MESSAGE = 500;

/** Writes failed calls down: masked, bounded, and as JSON, so that nothing of the application's is held. Does no I/O. */
export class EntryMaker {
  readonly #ids = new EntryIds();

  constructor(private readonly options: MakerOptions) {}

  /** A protected call that failed. */
  ofCall(call: FailedCall): NewEntry {
    const { context, args, attempts } = call;
    const { errorCode, errorMessage, causes, stack } = this.options.errors.describe(call.error);
    const facts =
      written("errorCode", errorCode.slice(0, LONGEST_WORD)) +
      written("errorMessage", errorMessage) +
      written("entityType", word(context.entityType)) +
      written("entityId", idOf(context.entityId)) +
      written("userId", idOf(context.userId)) +
      written("entityRefs", referencesOf(context)) +
      written("attempts", attempts.length > 0 ? describeAttempts(attempts, call.error) : undefined) +
      written("metadata", {
        outcome: call.outcome,
        duration: call.duration,
        origin_trace_id: word(context.traceId),
        causes: causes.length > 0 ? causes : undefined,
        stack,
      });
    const content: Content = {
      requestData: args === undefined ? undefined : { args },
      // The context of a call is its first argument, unless it was given apart.
      snapshotData: context === args?.[0] ? undefined : context,
    };
    const kind = this.#kind(call, "protect");
    return this.#make(kind, facts, content, call.at.getTime(), call.maxRetries);
  }

  /** An operation that the application hands over itself. */
  ofOperation(operation: NewFailedOperation): NewEntry {
    const { name, domain = name, failureType, attempts = [] } = operation;
    const facts =
      written("errorCode", word(operation.errorCode)) +
      written("errorMessage", operation.errorMessage?.slice(0, LONGEST_MESSAGE)) +
      written("entityType", word(operation.entityType)) +
      written("entityId", idOf(operation.entityId)) +
      written("userId", idOf(operation.userId)) +
      written("nextActionHint", word(operation.nextActionHint)) +
      written("recommendedAction", word(operation.recommendedAction)) +
      written("attempts", attempts.length > 0 ? describeAttempts(attempts) : undefined);
    const kind = this.#kind({ name, domain, failureType }, "store");
    return this.#make(kind, facts, operation, this.options.clock.now(), operation.maxRetries);
  }

  #kind({ name, domain, failureType }: Kind, site: string): Kind {
    return {
      name,
      domain: this.options.domains.of(domain, site),
      failureType: word(failureType) ?? "UNKNOWN",
    };
  }

  /** `facts` are fields as JSON, each with a comma before it. */
  #make(kind: Kind, facts: string, content: Content, at: number, maxRetries: number | undefined): NewEntry {
    const { settings, clock } = this.options;
    const { name, domain, failureType } = kind;
    const id = this.#ids.next(clock.now());
    const what = `"name":${JSON.stringify(name)},"domain":"${domain}","failureType":${JSON.stringify(failureType)}`;
    let body = `{"id":"${id}",${what},"createdAt":${at},"expiresAt":${at + settings.expiry}${facts}`;
    if (content.requestData !== undefined) body += this.#request(id, kind, content.requestData);
    for (const field of CONTENT) {
      const value = content[field];
      if (value !== undefined && !isEmpty(value)) body += this.#field(id, kind, field, value);
    }
    return { id, name, domain, failureType, state: this.#initial(domain, maxRetries, at), body: `${body}}` };
  }

  #initial(domain: string, maxRetries: number | undefined, at: number): EntryState {
    const { settings, domainMaxRetries } = this.options;
    const ofDomain = Object.hasOwn(domainMaxRetries, domain) ? domainMaxRetries[domain] : undefined;
    const budget = maxRetries ?? ofDomain ?? settings.maxReplayAttempts;
    return { status: "pending", retryCount: 0, maxRetries: budget, updatedAt: at };
  }

  /** The request, with what keeps the entry from being replayed by itself. */
  #request(id: string, { name, domain }: Kind, data: unknown): string {
    const { settings, isSensitive, seal, telemetry } = this.options;
    const maxBytes = settings.requestDataMaxBytes;
    const given = seal === undefined ? { maxBytes, isSensitive } : { maxBytes, isSensitive, seal };
    const { json, masked, altered, truncated } = snapshot(data, given);
    if (masked.length > 0) telemetry.report(fieldMasked, { id, name, domain, paths: masked });
    if (truncated) telemetry.report(fieldTruncated, { id, name, domain, field: "requestData" });
    return (
      `,"requestData":${json}` +
      written("masked", masked.length > 0 ? masked : undefined) +
      written("altered", altered.length > 0 ? altered : undefined) +
      written("truncated", truncated || undefined)
    );
  }

  #field(id: string, { name, domain }: Kind, field: string, value: unknown): string {
    const { settings, isSensitive, telemetry } = this.options;
    const { json, truncated } = snapshot(value, { maxBytes: settings.fieldMaxBytes, isSensitive });
    if (truncated) telemetry.report(fieldTruncated, { id, name, domain, field });
    return `,"${field}":${json}`;
  }
}

/** A field as JSON with a comma before it; nothing for what is absent. */
function written(key: string, value: unknown): string {
  return value === undefined ? "" : `,"${key}":${JSON.stringify(value)}`;
}

/** What the call was about, as far as it is named by a word or a number. */
function referencesOf(context: FailedCall["context"]): Record<string, string | number> | undefined {
  let references: Record<string, string | number> | undefined;
  for (const key of REFERENCES) {
    const value = idOf(context[key]);
    if (value === undefined) continue;
    references ??= {};
    references[key] = value;
  }
  return references;
}

function idOf(value: unknown): string | number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  return typeof value === "string" ? value.slice(0, LONGEST_WORD) : undefined;
}

function isEmpty(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  for (const _ in value) return false;
  return !(value instanceof Map || value instanceof Set) || value.size === 0;
}

function word(text: unknown): string | undefined {
  // What has a text of its own making may have none, or throw.
  if (text === "" || text === null || ["undefined", "object", "function"].includes(typeof text))
    return undefined;
  return String(text).slice(0, LONGEST_WORD);
}
