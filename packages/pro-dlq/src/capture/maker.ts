import type { Clock, FailedCall, NewFailedOperation, PluginTelemetry } from "@baldur/core/plugin";
import type { EntryBody, EntryState } from "../entry/entry.js";
import { EntryIds } from "../entry/id.js";
import { fieldMasked, fieldTruncated } from "../events.js";
import type { DlqSettings } from "../settings.js";
import { describeAttempts, describeError } from "../snapshot/failure.js";
import { snapshot } from "../snapshot/snapshot.js";
import type { NewEntry } from "../store/store.js";
import type { DomainNames } from "./domain.js";

export interface MakerOptions {
  readonly settings: DlqSettings;
  readonly domainMaxRetries: Readonly<Record<string, number>>;
  readonly clock: Clock;
  readonly telemetry: Pick<PluginTelemetry, "report">;
  readonly domains: DomainNames;
  readonly isSensitive: (key: string) => boolean;
  readonly seal?: ((plain: string) => string) | undefined;
}

/** What an operation is made of before it is written down. */
type Facts = Partial<Omit<EntryBody, "id" | "createdAt" | "expiresAt" | "masked" | "altered" | "truncated">> &
  Pick<EntryBody, "name" | "domain" | "failureType"> & { readonly maxRetries?: number | undefined };

/** The fields whose content is the application's, and is masked and bounded. */
const CONTENT = ["snapshotData", "responseData", "metadata", "entityRefs", "attempts"] as const;
const LONGEST_WORD = 256;
const ENTITY_REFS = ["orderId", "paymentId", "tenantId", "tierId", "region"] as const;

/** Writes failed calls down: masked, bounded, and as JSON, so that nothing of the application's is held. Does no I/O. */
export class EntryMaker {
  readonly #ids = new EntryIds();

  constructor(private readonly options: MakerOptions) {}

  /** A protected call that failed. */
  ofCall(call: FailedCall): NewEntry {
    const { context, args, error, attempts, outcome, duration, maxRetries } = call;
    const { errorCode, errorMessage, causes, stack } = describeError(error);
    const { traceId, userId, entityType, entityId } = context;
    return this.#make(
      {
        name: call.name,
        domain: call.domain,
        failureType: call.failureType,
        errorCode,
        errorMessage,
        maxRetries,
        ...(entityType !== undefined && { entityType: String(entityType) }),
        ...(entityId !== undefined && { entityId }),
        ...(userId !== undefined && { userId }),
        entityRefs: picked(context, ENTITY_REFS),
        snapshotData: context,
        attempts: describeAttempts(attempts),
        metadata: {
          outcome,
          duration,
          ...(traceId !== undefined && { origin_trace_id: traceId }),
          ...(causes.length > 0 && { causes }),
          ...(stack !== undefined && { stack }),
        },
        ...(args !== undefined && { requestData: { args } }),
      },
      call.at.getTime(),
      "protect",
    );
  }

  /** An operation that the application hands over itself. */
  ofOperation(operation: NewFailedOperation): NewEntry {
    const { domain = operation.name, attempts = [], ...rest } = operation;
    const facts = { ...rest, domain, attempts: describeAttempts(attempts) } as Facts;
    return this.#make(facts, this.options.clock.now(), "store");
  }

  #make(facts: Facts, at: number, site: string): NewEntry {
    const { settings, clock, domains } = this.options;
    const id = this.#ids.next(clock.now());
    const domain = domains.of(facts.domain, site);
    const { name } = facts;
    const failureType = word(facts.failureType) ?? "UNKNOWN";
    const request = this.#request(facts.requestData);
    const head: EntryBody = {
      id,
      name,
      domain,
      failureType,
      createdAt: at,
      expiresAt: at + settings.expiry,
      ...given("errorCode", word(facts.errorCode)),
      ...given("errorMessage", facts.errorMessage?.slice(0, LONGEST_WORD * 2)),
      ...given("entityType", word(facts.entityType)),
      ...given("entityId", facts.entityId),
      ...given("userId", facts.userId),
      ...given("nextActionHint", word(facts.nextActionHint)),
      ...(request.masked.length > 0 && { masked: request.masked }),
      ...(request.altered.length > 0 && { altered: request.altered }),
      ...(request.truncated && { truncated: true }),
    };
    const fields = [...request.fields, ...this.#content(head, facts)];
    if (request.masked.length > 0)
      this.options.telemetry.report(fieldMasked, { id, name, domain, paths: request.masked });
    if (request.truncated) this.#reportCut(head, "requestData");
    const text = JSON.stringify(head);
    const body = fields.length === 0 ? text : `${text.slice(0, -1)},${fields.join(",")}}`;
    return { id, name, domain, failureType, state: this.#initial(domain, facts, at), body };
  }

  #initial(domain: string, { maxRetries }: Facts, at: number): EntryState {
    const { settings, domainMaxRetries } = this.options;
    const ofDomain = Object.hasOwn(domainMaxRetries, domain) ? domainMaxRetries[domain] : undefined;
    const budget = maxRetries ?? ofDomain ?? settings.maxReplayAttempts;
    return { status: "pending", retryCount: 0, maxRetries: budget, updatedAt: at };
  }

  #request(data: EntryBody["requestData"]): {
    fields: string[];
    masked: readonly string[];
    altered: readonly string[];
    truncated: boolean;
  } {
    if (data === undefined) return { fields: [], masked: [], altered: [], truncated: false };
    const { settings, isSensitive, seal } = this.options;
    const { json, ...rest } = snapshot(data, {
      maxBytes: settings.requestDataMaxBytes,
      isSensitive,
      ...(seal !== undefined && { seal }),
    });
    return { ...rest, fields: [`"requestData":${json}`] };
  }

  #content(head: EntryBody, facts: Facts): string[] {
    const { settings, isSensitive } = this.options;
    return CONTENT.flatMap((field) => {
      const value = facts[field];
      if (value === undefined || isEmpty(value)) return [];
      const { json, truncated } = snapshot(value, { maxBytes: settings.fieldMaxBytes, isSensitive });
      if (truncated) this.#reportCut(head, field);
      return [`"${field}":${json}`];
    });
  }

  #reportCut({ id, name, domain }: EntryBody, field: string): void {
    this.options.telemetry.report(fieldTruncated, { id, name, domain, field });
  }
}

function isEmpty(value: object): boolean {
  for (const _ in value) return false;
  return true;
}

function picked(context: object, keys: readonly string[]): Record<string, unknown> {
  const facts = context as Record<string, unknown>;
  const present = keys.filter((key) => facts[key] !== undefined);
  return Object.fromEntries(present.map((key) => [key, facts[key]]));
}

function given<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}

function word(text: unknown): string | undefined {
  return text === undefined || text === "" ? undefined : String(text).slice(0, LONGEST_WORD);
}
