import type { AsyncLocalStorage } from "node:async_hooks";
import { BaldurError, brand, type ErrorContext } from "../errors.js";

/** @public */
export type DomainProblem = "too_long" | "empty" | "invalid_charset" | "not_string" | "reserved";

/** A word that cannot be a domain. @public */
export class DomainValidationError extends BaldurError {
  override readonly code = "ERR_BALDUR_DOMAIN_VALIDATION";

  static {
    brand(this, "DomainValidationError");
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

/**
 * The domain in force where code runs. The storage behind it is made at the first use, because on Node 20 its mere
 * existence taxes every promise of the process.
 */
export class AmbientDomain {
  #storage: AsyncLocalStorage<string> | undefined;

  run<T>(domain: string, fn: () => T): T {
    this.#storage ??= new (process.getBuiltinModule("node:async_hooks").AsyncLocalStorage)();
    return this.#storage.run(domain, fn);
  }

  current(): string | undefined {
    return this.#storage?.getStore();
  }
}
