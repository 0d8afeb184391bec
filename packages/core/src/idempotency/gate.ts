import type { Clock, Random } from "../clock.js";
import { withoutStack } from "../errors.js";
import { text } from "../pipeline/describe.js";
import type { IdempotencyOptions } from "../pipeline/options.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { IdempotencyDuplicateError, IdempotencyUnavailableError } from "./errors.js";
import * as events from "./events.js";
import * as metrics from "./metrics.js";
import type { IdempotencySettings } from "./settings.js";
import type { ClaimAnswer, IdempotencyStore, SettleRequest } from "./store.js";

/** What a call may do with its key. */
export type Admission =
  | { readonly kind: "run"; readonly claim: Claim | undefined }
  | { readonly kind: "replay"; readonly value: unknown }
  | { readonly kind: "refuse"; readonly error: Error };

/** A key that this call owns until it settles it. */
export interface Claim {
  readonly key: string;
  readonly owner: string;
  readonly ttl: number;
  readonly replayResult: boolean;
}

export interface GateParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: TelemetryHub;
  readonly store: IdempotencyStore;
  readonly settings: IdempotencySettings;
  /** A store that forgets is refused, because this is production. */
  readonly durableOnly: boolean;
}

/** Lets one call per key through. Fails closed: a key that cannot be checked is not run. */
export class IdempotencyGate {
  #claims = 0;
  readonly #instance: string;

  constructor(private readonly parts: GateParts) {
    this.#instance = `${process.pid}-${Math.floor(parts.random() * 2 ** 32).toString(36)}-${parts.clock.now().toString(36)}`;
  }

  /** Claims the key. The answer is immediate where the store's is. */
  admit(key: string, domain: string, options: IdempotencyOptions): Admission | PromiseLike<Admission> {
    const { settings, store, durableOnly } = this.parts;
    if (!settings.enabled) return { kind: "run", claim: undefined };
    if (durableOnly && store.volatile) return this.#unavailable(key, options, new Error("the store in memory is refused in production"));
    const claim = this.#claim(key, options);
    const request = { ...claim, executionTtl: options.executionTtl ?? settings.executionTtl };
    try {
      const answer = store.claim(request);
      if (!isPromise(answer)) return this.#decide(claim, domain, answer);
      return answer.then(
        (settled) => this.#decide(claim, domain, settled),
        (error: unknown) => this.#unavailable(key, options, error),
      );
    } catch (error) {
      return this.#unavailable(key, options, error);
    }
  }

  /** Records that the function itself resolved, or that it failed. Never throws, and the caller does not wait for it to fail. */
  settle(claim: Claim, status: "complete" | "fail", value?: unknown): void | PromiseLike<void> {
    const { key, owner, ttl } = claim;
    const result = status === "complete" && claim.replayResult ? this.#serialise(key, value) : undefined;
    const request: SettleRequest = { key, owner, ttl, ...(result !== undefined && { result }) };
    return this.#finish(key, status, () => this.parts.store[status](request));
  }

  /** Gives a key back whose function never ran. */
  release({ key, owner }: Claim): void | PromiseLike<void> {
    return this.#finish(key, "release", () => this.parts.store.release(key, owner));
  }

  #finish(key: string, outcome: string, work: () => boolean | PromiseLike<boolean>): void | PromiseLike<void> {
    const { telemetry } = this.parts;
    const done = (recorded: boolean): void => {
      if (!recorded) telemetry.report(events.claimLost, { key, outcome });
    };
    const failed = (error: unknown): void => telemetry.report(events.settleFailed, { key, error: text(error) });
    try {
      const answer = work();
      if (isPromise(answer)) return answer.then(done, failed);
      done(answer);
    } catch (error) {
      failed(error);
    }
  }

  #claim(key: string, { ttl, replayResult = false }: IdempotencyOptions): Claim {
    return { key, owner: `${this.#instance}-${++this.#claims}`, ttl: ttl ?? this.parts.settings.ttl, replayResult };
  }

  #decide(claim: Claim, domain: string, answer: ClaimAnswer): Admission {
    if (answer.granted) {
      if (answer.takeover !== undefined) this.parts.telemetry.counter(metrics.takeoversTotal).cell(answer.takeover).add();
      this.#count("continue");
      return { kind: "run", claim };
    }
    if (claim.replayResult && answer.result !== undefined) {
      this.#count("replay");
      return { kind: "replay", value: JSON.parse(answer.result) as unknown };
    }
    const decision = answer.found === "completed" ? "skip" : "abort";
    this.#count(decision);
    this.parts.telemetry.report(events.duplicateBlocked, { key: claim.key, decision });
    return { kind: "refuse", error: withoutStack(createDuplicate, { key: claim.key, domain, decision }) };
  }

  #unavailable(key: string, options: IdempotencyOptions, cause: unknown): Admission {
    const fail_open = options.failOpen ?? this.parts.settings.failOpen;
    this.parts.telemetry.report(events.guardCheckFailed, { key, error: text(cause), fail_open });
    this.#count("unavailable");
    if (fail_open) return { kind: "run", claim: undefined };
    return { kind: "refuse", error: new IdempotencyUnavailableError(key, text(cause), { cause }) };
  }

  #serialise(key: string, value: unknown): string | undefined {
    try {
      return JSON.stringify(value) ?? "null";
    } catch (error) {
      this.parts.telemetry.report(events.resultNotStored, { key, error: text(error) });
      return undefined;
    }
  }

  #count(decision: string): void {
    this.parts.telemetry.counter(metrics.decisionsTotal).cell(decision).add();
  }
}

function createDuplicate(facts: { key: string; domain: string; decision: "skip" | "abort" }): IdempotencyDuplicateError {
  return new IdempotencyDuplicateError(facts.key, facts.domain, facts.decision);
}

export function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
