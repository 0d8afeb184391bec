import type { AsyncLocalStorage } from "node:async_hooks";
import { BaldurError, brand, type ErrorContext } from "../errors.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { inputRejected } from "./events.js";

/** @public */
export type DomainProblem = "too_long" | "empty" | "invalid_charset" | "not_string" | "reserved";

/** A word that cannot be a domain. @public */
export class DomainValidationError extends BaldurError {
  override readonly code = "ERR_BALDUR_DOMAIN_VALIDATION";

  static {
    brand(DomainValidationError, "DomainValidationError");
  }

  constructor(
    readonly originalDomain: string,
    readonly reason: DomainProblem,
  ) {
    super(`domain ${JSON.stringify(originalDomain)} is refused: ${reason}`);
  }

  override context(): ErrorContext {
    return { originalDomain: this.originalDomain, reason: this.reason };
  }
}

const LONGEST = 64;
const PATTERN = /^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$/;
const RESERVED: ReadonlySet<string> = new Set(["unknown", "other_domain", "default"]);

/** A business label: trimmed, lower case. Throws `DomainValidationError`. */
export function normaliseDomain(domain: unknown): string {
  if (typeof domain !== "string") throw new DomainValidationError(String(domain), "not_string");
  const normal = domain.trim().toLowerCase();
  const problem = problemOf(normal);
  if (problem !== undefined) throw new DomainValidationError(domain.slice(0, LONGEST), problem);
  return normal;
}

function problemOf(domain: string): DomainProblem | undefined {
  if (domain === "") return "empty";
  if (domain.length > LONGEST) return "too_long";
  if (RESERVED.has(domain)) return "reserved";
  return PATTERN.test(domain) ? undefined : "invalid_charset";
}

/** What a domain that is refused where nobody can be told is counted under. */
const OTHER_DOMAIN = "other_domain" as const;
const PREVIEW = 32;

/**
 * The domain in force where code runs. The storage behind it is made at the first use, because on Node 20 its mere
 * existence taxes every promise of the process.
 */
export class Domains {
  #storage: AsyncLocalStorage<string> | undefined;

  constructor(private readonly telemetry: TelemetryHub) {}

  /** Runs with this domain in force. Throws `DomainValidationError`. */
  run<T>(domain: string, fn: () => T): T {
    const normal = normaliseDomain(domain);
    this.#storage ??= new (process.getBuiltinModule("node:async_hooks").AsyncLocalStorage)();
    return this.#storage.run(normal, fn);
  }

  /** The domain given for a call, else the one in force. A bad one is reported and counted under `other_domain`. */
  of(given: string | undefined, site: string): string | undefined {
    if (given === undefined) return this.#storage?.getStore();
    try {
      return normaliseDomain(given);
    } catch (error) {
      const { reason } = error as DomainValidationError;
      this.telemetry.report(inputRejected, {
        site,
        reason,
        original_preview: String(given).slice(0, PREVIEW),
      });
      return OTHER_DOMAIN;
    }
  }
}
