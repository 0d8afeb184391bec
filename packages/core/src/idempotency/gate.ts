import { text } from "../describe.js";
import { withoutStack } from "../errors.js";
import type { IdempotencyOptions } from "../pipeline/options.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { isPending, whenAnswered } from "./answer.js";
import { Claim, type ClaimPolicy } from "./claim.js";
import { type Duplicate, IdempotencyDuplicateError, IdempotencyUnavailableError } from "./errors.js";
import { IdempotencyReporter, type Keyed } from "./reporter.js";
import { decodeResult } from "./result.js";
import type { IdempotencySettings } from "./settings.js";
import type { Answer, ClaimAnswer, ClaimRequest, IdempotencyStore } from "./store.js";

export interface IdempotencyGateParts {
  /** Where keys are claimed until another store takes over. */
  readonly store: IdempotencyStore;
  readonly settings: IdempotencySettings;
  /** False in production: what only this process remembers guards nothing there. */
  readonly allowMemory: boolean;
}

/** A call that wants to do the work of a key. */
export interface Keyholder extends Keyed {
  readonly options: IdempotencyOptions | undefined;
}

/** Leave to run, under a claim or (the store is away and the call fails open) without; or the answer in place of running. */
export type Admission = { readonly claim: Claim | null } | { readonly replayed: unknown };

/** What a key was claimed with. */
interface Asked {
  readonly policy: ClaimPolicy;
  readonly store: IdempotencyStore;
  readonly owner: string;
}

/** Lets the work of a key be done once: by protected calls, and by functions wrapped with `idempotent`. */
export class IdempotencyGate {
  /** Not the injected random: a seeded one repeats itself in the next process, and two owners must never be the same. */
  #instance: string | undefined;
  readonly #reporter: IdempotencyReporter;
  /** Of calls without options. */
  readonly #usual: ClaimPolicy;
  #store: IdempotencyStore;
  #claims = 0;

  constructor(
    telemetry: TelemetryHub,
    private readonly parts: IdempotencyGateParts,
  ) {
    this.#reporter = new IdempotencyReporter(telemetry);
    this.#store = parts.store;
    this.#usual = this.#policy({});
  }

  get enabled(): boolean {
    return this.parts.settings.enabled;
  }

  /** From now on keys are claimed there. A claim is settled where it was made. */
  use(store: IdempotencyStore): void {
    this.#store = store;
  }

  /** Throws or rejects with `IdempotencyDuplicateError` or `IdempotencyUnavailableError` for a call that must not run. */
  admit(call: Keyholder): Answer<Admission> {
    const policy = call.options === undefined ? this.#usual : this.#policy(call.options);
    this.#instance ??= globalThis.crypto.randomUUID();
    const owner = `${this.#instance}:${++this.#claims}`;
    const request = { owner, ttl: policy.executionTtl, tolerance: this.parts.settings.clockSkewTolerance };
    const store = this.#store;
    return whenAnswered(
      () => this.#ask(store, call.key, request),
      (answer) => this.#decide(call, { policy, store, owner }, answer),
      (error) => this.#unavailable(call, policy, error),
    );
  }

  /** Does the work if its key lets it, and settles the key by how it ended. */
  async run<T>(call: Keyholder, work: () => T | PromiseLike<T>): Promise<T> {
    const answer = this.admit(call);
    const admission = isPending(answer) ? await answer : answer;
    if ("replayed" in admission) return admission.replayed as T;
    const { claim } = admission;
    let value: T;
    try {
      value = await work();
    } catch (error) {
      await claim?.fail();
      throw error;
    }
    await claim?.complete(value);
    return value;
  }

  #ask(store: IdempotencyStore, key: string, request: ClaimRequest): Answer<ClaimAnswer> {
    if (store.shared || this.parts.allowMemory) return store.claim(key, request);
    throw new Error(
      "the in-memory store is refused in production: configure BALDUR_REDIS_URL or BALDUR_DATA_DIR",
    );
  }

  #policy(options: IdempotencyOptions): ClaimPolicy {
    const { settings } = this.parts;
    return {
      ttl: options.ttl ?? settings.ttl,
      executionTtl: options.executionTtl ?? settings.executionTtl,
      failOpen: options.failOpen ?? settings.failOpen,
      replayResult: options.replayResult ?? false,
    };
  }

  #decide(call: Keyed, { policy, store, owner }: Asked, answer: ClaimAnswer): Admission {
    switch (answer.decision) {
      case "continue": {
        this.#reporter.continued(call, answer);
        const token = { owner, attempt: answer.attempt };
        return { claim: new Claim({ call, token, policy, store, reporter: this.#reporter }) };
      }
      case "skip":
        return (policy.replayResult ? this.#replay(call, answer.result) : undefined) ?? this.#done(call);
      case "abort":
        this.#reporter.blocked(call, answer.reason);
        throw duplicate(call, "abort");
    }
  }

  #replay(call: Keyed, result: string | undefined): Admission | undefined {
    if (result === undefined) return undefined;
    try {
      const replayed = decodeResult(result);
      this.#reporter.replayed(call);
      return { replayed };
    } catch (error) {
      this.#reporter.replayFailed(call, error);
      return undefined;
    }
  }

  #done(call: Keyed): never {
    this.#reporter.duplicate(call);
    throw duplicate(call, "skip");
  }

  #unavailable(call: Keyed, { failOpen }: ClaimPolicy, cause: unknown): Admission {
    this.#reporter.unavailable(call, cause, failOpen);
    if (failOpen) return { claim: null };
    throw withoutStack(createUnavailable, { key: call.key, cause });
  }
}

function duplicate({ key, domain }: Keyed, decision: Duplicate["decision"]): IdempotencyDuplicateError {
  return withoutStack(createDuplicate, { key, domain, decision });
}

function createDuplicate(facts: Duplicate): IdempotencyDuplicateError {
  return new IdempotencyDuplicateError(facts);
}

function createUnavailable({ key, cause }: { key: string; cause: unknown }): IdempotencyUnavailableError {
  return new IdempotencyUnavailableError(key, text(cause), { cause });
}
